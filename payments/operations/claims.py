"""Idempotency-Keys of requests that consist of many operations.

Such a request claims the operation id of its key before any of its operations is accepted: a row of
`operations` that moves nothing. The same key on another endpoint, or with another list, therefore
conflicts with it as with any other operation, at the gate and in the engine.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.events.event import Event, client_of
from payments.events.types import BULK_ACCEPTED
from payments.events.writes import add_to
from payments.kernel.ids import OperationId
from payments.kernel.sql import load_sql
from payments.operations.envelope import digest_of
from payments.operations.outcome import Status
from payments.operations.outcomes import conflict

_CLAIM: Final = load_sql(__file__, "claim_operation")
_DIGEST: Final = load_sql(__file__, "operation_digest")
_PARKED: Final = load_sql(__file__, "parked_operations")


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A key to claim.

    `operation_ids`: the key's own id, then those it has under other names of the same client.
    `content`: equal for the same request.
    """

    operation_ids: Sequence[OperationId]
    kind: str
    actor: str
    content: bytes


async def take(engine: AsyncEngine, claim: Claim, now: datetime) -> bool:
    """Claim the key; False when this very request has it already. Raises `Conflict`."""
    digest = digest_of(claim.kind, claim.actor, claim.content)
    own, *others = claim.operation_ids
    async with engine.begin() as connection:
        parked = await connection.exec_driver_sql(_PARKED, (claim.operation_ids,))
        for row in parked:
            raise conflict(row.operation_id)  # accepted under this key; an operator has it
        for other in others:
            rows = await connection.exec_driver_sql(_DIGEST, (other,))
            if rows.one_or_none() is not None:
                raise conflict(other)
        taken = await connection.exec_driver_sql(
            _CLAIM, (own, claim.kind, digest, claim.actor, now)
        )
        if taken.rowcount == 1:
            await add_to(connection, [_event(claim, now)], now)
            return True
        rows = await connection.exec_driver_sql(_DIGEST, (own,))
    if rows.scalar_one() != digest:
        raise conflict(own)
    return False


def _event(claim: Claim, now: datetime) -> Event:
    own, name = claim.operation_ids[0], client_of(claim.actor)
    said = {"operation_id": own, "kind": claim.kind, "status": Status.APPLIED.value, "reason": None}
    return Event(
        type=BULK_ACCEPTED,
        operation_id=own,
        client=name,
        data={**said, "result": {}, "accepted_at": now, "decided_at": now},
    )
