"""Other content under a known operation id, turned away at the door: on record all the same."""

import msgspec
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.kernel.clock import Clock
from payments.operations.envelope import digest_of
from payments.operations.submit import Request
from payments.operations.tables import operation_conflicts


async def record_conflict(engine: AsyncEngine, clock: Clock, request: Request) -> None:
    """Write it down; the same content again is the same row."""
    body = msgspec.json.encode(request.intent)
    values = {
        "operation_id": request.operation_id,
        "digest": digest_of(request.operation.kind, request.actor, body),
        "kind": request.operation.kind,
        "actor": request.actor,
        "body": msgspec.json.decode(body),
        "recorded_at": clock(),
    }
    async with engine.begin() as connection:
        await connection.execute(
            insert(operation_conflicts).values(values).on_conflict_do_nothing()
        )
