"""The list of approvals."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.approvals.queries import SELECT, Approval, approval_of
from payments.approvals.tables import approvals


class ApprovalFilters(msgspec.Struct, frozen=True, kw_only=True):
    """What the list is narrowed by."""

    state: str | None = None
    kind: str | None = None
    requested_by: str | None = None


async def list_approvals(
    engine: AsyncEngine,
    filters: ApprovalFilters,
    before: tuple[datetime, UUID] | None,
    count: int,
) -> Sequence[Approval]:
    """Newest first."""
    c = approvals.c
    values = msgspec.structs.asdict(filters)
    query = SELECT.where(*(c[name] == v for name, v in values.items() if v is not None))
    if before is not None:
        query = query.where(sa.tuple_(c.requested_at, c.id) < before)
    query = query.order_by(c.requested_at.desc(), c.id.desc()).limit(count)
    async with engine.connect() as connection:
        return [approval_of(row) for row in await connection.execute(query)]
