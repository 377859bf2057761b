"""How much is decided, and how much is parked: figures for people who watch."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.operations.tables import dead_letters, operations

_PATIENCE: Final = sa.text("SET LOCAL statement_timeout = '1s'")
_CANCELED: Final = "57014"


class Minute(msgspec.Struct, frozen=True):
    """Operations decided in a minute, and those of the decided that were accepted in it."""

    at: datetime
    accepted: int
    applied: int
    refused: int


async def decided_by_minute(
    engine: AsyncEngine, since: datetime, until: datetime
) -> Sequence[Minute] | None:
    """Every minute between two times, empty ones too; None when there are too many to count."""
    c = operations.c
    minute = sa.func.date_trunc("minute", c.decided_at).label("minute")
    accepted = sa.func.date_trunc("minute", c.accepted_at).label("accepted")
    columns = (minute, accepted, c.status)
    query = sa.select(*columns, sa.func.count()).where(c.decided_at >= since).group_by(*columns)
    try:
        async with engine.connect() as connection:
            await connection.execute(_PATIENCE)
            rows = (await connection.execute(query)).all()
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _CANCELED:
            raise
        return None
    counts: Counter[tuple[str, datetime]] = Counter()
    for decided_at, accepted_at, status, count in rows:
        counts[status, decided_at] += count
        counts["accepted", accepted_at] += count
    first = since.replace(second=0, microsecond=0)
    times = [first + timedelta(minutes=n) for n in range(int((until - first).seconds / 60) + 1)]
    return [
        Minute(at, *(counts[word, at] for word in ("accepted", "applied", "rejected")))
        for at in times
    ]


async def count_parked(engine: AsyncEngine) -> int:
    """Dead letters that wait for an operator."""
    query = sa.select(sa.func.count()).where(dead_letters.c.state == "parked")
    async with engine.connect() as connection:
        return int((await connection.execute(query)).scalar_one())
