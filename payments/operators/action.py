"""An action of an operator as it is recorded: who, what, on what, before, after, why, where."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from payments.operators.tables import operator_actions


class Doer(msgspec.Struct, frozen=True):
    """Who acts, and from which address; the command line has no login."""

    login: str
    address: str


COMMAND_LINE = Doer("", "command line")


class Subject(msgspec.Struct, frozen=True):
    """What is acted on: `wallet` and `17`."""

    kind: str
    id: str


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """`action` is a word for ever: `wallet.freeze`, `operator.create`."""

    doer: Doer
    action: str
    subject: Subject
    before: Mapping[str, Any] = {}
    after: Mapping[str, Any] = {}
    reason: str = ""
    operation_id: UUID | None = None
    approval_id: UUID | None = None


async def record(connection: AsyncConnection, action: Action, now: datetime) -> None:
    """Write the action in the transaction of what it changes."""
    values = {
        "at": now,
        "login": action.doer.login,
        "action": action.action,
        "subject_kind": action.subject.kind,
        "subject_id": action.subject.id,
        "before": dict(action.before),
        "after": dict(action.after),
        "reason": action.reason,
        "address": action.doer.address,
        "operation_id": action.operation_id,
        "approval_id": action.approval_id,
    }
    await connection.execute(operator_actions.insert().values(values))
