"""Reads of approvals."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.approvals.errors import ApprovalNotFound
from payments.approvals.tables import approvals


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator asked for. `intent` is its JSON text, `shown` what the approver reads."""

    id: UUID
    kind: str
    intent: str
    summary: str
    shown: Mapping[str, Any]
    subject_kind: str
    subject_id: str
    reason: str
    requested_by: str
    requested_at: datetime
    state: str
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str


SELECT: Final = sa.select(
    *(
        sa.cast(approvals.c[name], sa.Text).label(name) if name == "intent" else approvals.c[name]
        for name in Approval.__struct_fields__
    )
)


def approval_of(row: sa.Row[Any]) -> Approval:
    """The approval of a row of `SELECT`."""
    return Approval(**row._mapping)  # noqa: SLF001 - SQLAlchemy's name for it


async def get_approval(engine: AsyncEngine, approval_id: UUID | None) -> Approval:
    """The approval. Raises 404 `approval_not_found`."""
    async with engine.connect() as connection:
        row = (await connection.execute(SELECT.where(approvals.c.id == approval_id))).one_or_none()
    if row is None:
        raise ApprovalNotFound
    return approval_of(row)


async def waiting_about(engine: AsyncEngine, subject_kind: str, subject_id: str) -> list[Approval]:
    """What waits for a second person about one thing; the page of the thing says so."""
    c = approvals.c
    query = SELECT.where(
        c.state == "waiting", c.subject_kind == subject_kind, c.subject_id == subject_id
    ).limit(20)
    async with engine.connect() as connection:
        return [approval_of(row) for row in await connection.execute(query)]


async def count_waiting(engine: AsyncEngine) -> int:
    """How many wait for a second person."""
    query = sa.select(sa.func.count()).where(approvals.c.state == "waiting")
    async with engine.connect() as connection:
        return int((await connection.execute(query)).scalar_one())
