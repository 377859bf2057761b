"""How much is decided, and how much is parked: figures for people who watch."""

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
    """Operations decided in a minute."""

    at: datetime
    applied: int
    refused: int


async def decided_by_minute(
    engine: AsyncEngine, since: datetime, until: datetime
) -> Sequence[Minute] | None:
    """Every minute between two times, empty ones too; None when there are too many to count."""
    c = operations.c
    minute = sa.func.date_trunc("minute", c.decided_at)
    is_refused = c.status == "rejected"
    query = (
        sa.select(
            minute.label("minute"),
            sa.func.count().filter(~is_refused).label("applied"),
            sa.func.count().filter(is_refused).label("refused"),
        )
        .where(c.decided_at >= since)
        .group_by(minute)
    )
    try:
        async with engine.connect() as connection:
            await connection.execute(_PATIENCE)
            rows = (await connection.execute(query)).all()
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _CANCELED:
            raise
        return None
    counts = {row.minute: row for row in rows}
    minutes = []
    at = since.replace(second=0, microsecond=0)
    while at <= until:
        row = counts.get(at)
        minutes.append(Minute(at, row.applied if row else 0, row.refused if row else 0))
        at += timedelta(minutes=1)
    return minutes


async def count_parked(engine: AsyncEngine) -> int:
    """Dead letters that wait for an operator."""
    query = sa.select(sa.func.count()).where(dead_letters.c.state == "parked")
    async with engine.connect() as connection:
        return int((await connection.execute(query)).scalar_one())
