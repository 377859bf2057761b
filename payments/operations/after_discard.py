"""Renews a job's request whose dead letter an operator discarded: it gets the next id.

A job derives the id of its request from the row it handles, so that two schedulers make the same
request. A discarded dead letter ends that id permanently; without a new id the job could never try
again.
"""

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.kernel.ids import derived_id
from payments.operations.dead_letters import DISCARDED
from payments.operations.submit import Request
from payments.operations.tables import operations


async def renewed(engine: AsyncEngine, requests: Sequence[Request]) -> list[Request]:
    """The requests, each under the first of its ids that no operator has discarded."""
    current = list(requests)
    while current:
        ids = [request.operation_id for request in current]
        query = sa.select(operations.c.id).where(
            operations.c.id == sa.any_(sa.literal(ids, ARRAY(sa.Uuid))),
            operations.c.reason == DISCARDED,
        )
        async with engine.connect() as connection:
            discarded = set((await connection.execute(query)).scalars())
        if not discarded:
            break
        current = [_next(one) if one.operation_id in discarded else one for one in current]
    return current


def _next(request: Request) -> Request:
    id_ = derived_id("after_discard", request.actor, str(request.operation_id))
    return msgspec.structs.replace(request, operation_id=id_)
