"""Reads of what operators did."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.kernel.errors import NotFound
from payments.operators.action import Subject
from payments.operators.tables import operator_actions

_OF_ONE: Final = 100


class ActionNotFound(NotFound):
    """There is no such action."""

    code = "action_not_found"


class RecordedAction(msgspec.Struct, frozen=True, kw_only=True):
    """An action as it was recorded."""

    id: int
    at: datetime
    login: str
    action: str
    subject_kind: str
    subject_id: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    reason: str
    address: str
    operation_id: UUID | None
    approval_id: UUID | None


class ActionFilters(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of actions is narrowed by."""

    login: str | None = None
    action: str | None = None
    subject: Subject | None = None
    since: datetime | None = None
    until: datetime | None = None


_C: Final = operator_actions.c
_SELECT: Final = sa.select(*(_C[name] for name in RecordedAction.__struct_fields__))


async def list_actions(
    engine: AsyncEngine, filters: ActionFilters, before: int | None, count: int
) -> Sequence[RecordedAction]:
    """Newest first."""
    query = _SELECT.where(*_conditions(filters)).order_by(_C.id.desc()).limit(count)
    if before is not None:
        query = query.where(_C.id < before)
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).all()
    return [RecordedAction(**row._mapping) for row in rows]  # noqa: SLF001


async def actions_on(engine: AsyncEngine, subject: Subject) -> Sequence[RecordedAction]:
    """What was done to one thing, newest first; the newest hundred."""
    return await list_actions(engine, ActionFilters(subject=subject), None, _OF_ONE)


async def get_action(engine: AsyncEngine, action_id: int) -> RecordedAction:
    """The action. Raises 404 `action_not_found`."""
    async with engine.connect() as connection:
        row = (await connection.execute(_SELECT.where(_C.id == action_id))).one_or_none()
    if row is None:
        raise ActionNotFound
    return RecordedAction(**row._mapping)  # noqa: SLF001


def _conditions(filters: ActionFilters) -> list[sa.ColumnElement[bool]]:
    conditions = []
    if filters.login is not None:
        conditions.append(_C.login == filters.login)
    if filters.action is not None:
        conditions.append(_C.action == filters.action)
    if filters.subject is not None:
        conditions.append(_C.subject_kind == filters.subject.kind)
        conditions.append(_C.subject_id == filters.subject.id)
    if filters.since is not None:
        conditions.append(_C.at >= filters.since)
    if filters.until is not None:
        conditions.append(_C.at < filters.until)
    return conditions
