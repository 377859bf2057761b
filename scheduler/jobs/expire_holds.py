"""Releases expired holds by submitting intents.

Expired holds no longer count anyway; this only tidies up (ADR 0050).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import sqlalchemy as sa
import structlog

from payments.holds import release
from payments.holds.release import ReleaseHold
from payments.ledger.tables import holds
from payments.operations.after_discard import renewed
from payments.operations.submit import Request, keyed
from scheduler.job import ACTOR, Tools

BATCH: Final = 500
MARGIN_S: Final = 1.0
"""The consumer's clock may be this far behind ours: it refuses a request that comes too early."""

_AGAIN_AFTER_S: Final = 3600
_log = structlog.get_logger(__name__)


async def run(tools: Tools) -> int:
    """Submit page after page of expired holds, up to the first page with a failure."""
    now = tools.clock()
    submitted = 0
    last: tuple[Any, ...] | None = None
    while page := await _due(tools, now, last):
        requests = [_request(row, now) for row in page]
        results = await tools.submitter.many(await renewed(tools.engine, requests))
        failures = [r for r in results if isinstance(r, Exception)]
        submitted += len(results) - len(failures)
        if failures:
            _log.warning("holds_not_expired", count=len(failures), error=repr(failures[0])[:200])
            break
        last = (page[-1].expires_at, page[-1].id)
    return submitted


async def _due(tools: Tools, now: datetime, last: tuple[Any, ...] | None) -> Sequence[Any]:
    """Uses index `holds_open_expires_at_idx`; `last` is where the previous page ended."""
    query = (
        sa.select(holds.c.id, holds.c.expires_at, holds.c.wallet_id)
        .where(holds.c.closed_at.is_(None), holds.c.purpose == "hold")
        .where(holds.c.expires_at <= now - timedelta(seconds=MARGIN_S))
        .order_by(holds.c.expires_at, holds.c.id)
        .limit(BATCH)
    )
    if last is not None:
        query = query.where(sa.tuple_(holds.c.expires_at, holds.c.id) > last)
    async with tools.engine.connect() as connection:
        return (await connection.execute(query)).all()


def _request(hold: Any, now: datetime) -> Request:
    """A request whose id is derived from the hold and the hours since it expired.

    A refusal is stored permanently, so a refusal caused by a wrong clock or a discarded dead letter
    must not be final.
    """
    hours = int((now - hold.expires_at).total_seconds()) // _AGAIN_AFTER_S
    intent = ReleaseHold(hold_id=hold.id, because_expired=True)
    request = keyed(
        release.OPERATION, intent, actor=ACTOR, key=f"{hold.id}:{hours}", scope="hold.expire"
    )
    return msgspec.structs.replace(request, order=hold.wallet_id)
