"""Different content under a known operation id: never applied, but recorded."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.kernel.clock import Clock
from payments.kernel.errors import Conflict
from payments.kernel.sql import load_sql
from payments.operations.acceptance import Door
from payments.operations.envelope import Envelope, digest_of_intent
from payments.operations.metrics import CONFLICTS
from payments.operations.outcomes import CONFLICT, Outcomes
from payments.operations.submit import Request, Submitter, Ticket

CONFLICTS_MAX: Final = 16
"""How many contents are kept per operation id. A client could otherwise fill the disk."""

INSERT: Final = load_sql(__file__, "insert_conflicts")


def insert_arguments(envelopes: Sequence[Envelope], now: datetime) -> tuple[Any, ...]:
    """Arguments of the `INSERT` statement."""
    return (
        [e.operation_id for e in envelopes],
        [e.digest for e in envelopes],
        [e.kind for e in envelopes],
        [e.actor for e in envelopes],
        [e.intent.decode() for e in envelopes],
        now,
        CONFLICTS_MAX,
    )


async def record_conflict(engine: AsyncEngine, clock: Clock, request: Request) -> None:
    """Record a request refused with a conflict; the same content again is the same row."""
    body = msgspec.json.encode(request.intent)
    now = clock()
    envelope = Envelope(
        operation_id=request.operation_id,
        kind=request.operation.kind,
        actor=request.actor,
        digest=digest_of_intent(request.operation.kind, request.actor, request.intent),
        submitted_at=now,
        body=msgspec.Raw(body),
    )
    async with engine.begin() as connection:
        made = await connection.exec_driver_sql(INSERT, insert_arguments([envelope], now))
    CONFLICTS.inc(max(0, made.rowcount))


class RecordingSubmitter(Submitter):
    """The submitter of clients' requests: records and counts the conflicts it turns away."""

    looks_first = False

    def __init__(self, door: Door, outcomes: Outcomes, clock: Clock, engine: AsyncEngine) -> None:
        """As a submitter; `engine` keeps the record."""
        super().__init__(door, outcomes, clock)
        self._record = partial(record_conflict, engine, clock)

    async def __call__(self, request: Request, wait_s: float = 0) -> Ticket:
        """As a submitter's; a conflict is on record before it is raised."""
        try:
            return await super().__call__(request, wait_s)
        except Conflict as error:
            if error.code == CONFLICT:
                await self._record(request)
            raise
