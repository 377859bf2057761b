"""Reads of conflicts: other content that came under a known operation id."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.kernel.clock import rfc3339
from payments.kernel.words import kind_of_operation
from payments.operations.tables import operation_conflicts

Place = tuple[datetime, UUID, str]
"""Where a row stands in the list: its time, its id, its digest."""


class ConflictView(msgspec.Struct, frozen=True, kw_only=True):
    """Content that was never applied. `client`: who sent it, `body`: what it asked for."""

    operation_id: UUID
    kind: Annotated[str, kind_of_operation()]
    client: str
    digest: str
    body: Mapping[str, Any]
    recorded_at: str


async def list_conflicts(
    engine: AsyncEngine, kind: str | None, before: Place | None, count: int
) -> Sequence[tuple[Place, ConflictView]]:
    """Those on record with their places, newest first, of one kind of operation if given."""
    c = operation_conflicts.c
    order = (c.recorded_at.desc(), c.operation_id.desc(), c.digest.desc())
    query = sa.select(operation_conflicts).order_by(*order).limit(count)
    if kind is not None:
        query = query.where(c.kind == kind)
    if before is not None:
        at, operation_id, digest = before
        place = (at, operation_id, bytes.fromhex(digest))
        query = query.where(sa.tuple_(c.recorded_at, c.operation_id, c.digest) < place)
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).all()
    return [((r.recorded_at, r.operation_id, r.digest.hex()), _view(r)) for r in rows]


def _view(row: sa.Row[Any]) -> ConflictView:
    return ConflictView(
        operation_id=row.operation_id,
        kind=row.kind,
        client=row.actor,
        digest=row.digest.hex(),
        body=row.body,
        recorded_at=rfc3339(row.recorded_at),
    )
