"""Whose session a cookie is."""

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.operators.queries import Operator
from payments.operators.tables import operators
from payments.operators.token import digest
from payments.sessions.tables import operator_sessions

IDLE: Final = timedelta(hours=2)
"""A session that is not used for this long is over."""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A session that is good, and its operator. `is_complete`: the second factor was given."""

    digest: bytes
    operator: Operator
    is_complete: bool
    seen_at: datetime


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """A session as an administrator sees it."""

    created_at: datetime
    seen_at: datetime
    address: str
    browser: str


_OPERATOR: Final = [operators.c[name] for name in Operator.__struct_fields__]
_SESSION: Final = [
    operator_sessions.c.digest.label("session_digest"),
    operator_sessions.c.is_complete,
    operator_sessions.c.seen_at,
]


def _is_good(now: datetime) -> sa.ColumnElement[bool]:
    c = operator_sessions.c
    return sa.and_(
        c.ended_at.is_(None),
        c.expires_at > now,
        c.seen_at > now - IDLE,
        c.generation == operators.c.generation,
        operators.c.is_disabled.is_(False),
    )


async def find_session(engine: AsyncEngine, token: str, now: datetime) -> Session | None:
    """The session of this cookie while it is good."""
    query = (
        sa.select(*_SESSION, *_OPERATOR)
        .join(operators, operators.c.id == operator_sessions.c.operator_id)
        .where(operator_sessions.c.digest == digest(token), _is_good(now))
    )
    async with engine.connect() as connection:
        row: sa.Row[Any] | None = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    mapping = row._mapping  # noqa: SLF001 - SQLAlchemy's name for it
    operator = Operator(**{name: mapping[name] for name in Operator.__struct_fields__})
    return Session(
        digest=row.session_digest,
        operator=operator,
        is_complete=row.is_complete,
        seen_at=row.seen_at,
    )


async def list_sessions(engine: AsyncEngine, operator_id: int, now: datetime) -> list[SessionView]:
    """Sessions of an operator that are good, newest first; at most 50."""
    c = operator_sessions.c
    columns = [c[name] for name in SessionView.__struct_fields__]
    query = (
        sa.select(*columns)
        .join(operators, operators.c.id == c.operator_id)
        .where(c.operator_id == operator_id, _is_good(now))
        .order_by(c.seen_at.desc())
        .limit(50)
    )
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).all()
    return [SessionView(**row._mapping) for row in rows]  # noqa: SLF001
