"""Reads of operators."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.operators.errors import LinkInvalid, OperatorNotFound
from payments.operators.tables import operator_links, operators
from payments.operators.token import digest


class Operator(msgspec.Struct, frozen=True, kw_only=True):
    """An operator. Its repr hides the hash and the secret."""

    id: int
    login: str
    role: str
    password_hash: str | None
    generation: int
    is_disabled: bool
    must_use_second_factor: bool
    totp_sealed: bytes | None
    totp_step: int
    created_at: datetime

    def __repr__(self) -> str:
        return f"Operator({self.login!r})"

    @property
    def has_second_factor(self) -> bool:
        return self.totp_sealed is not None

    @property
    def state(self) -> str:
        """disabled, invited (no password yet) or active."""
        if self.is_disabled:
            return "disabled"
        return "active" if self.password_hash is not None else "invited"


SELECT = sa.select(*(operators.c[name] for name in Operator.__struct_fields__))


def operator_of(row: sa.Row[Any]) -> Operator:
    """The operator of a row of `SELECT`."""
    return Operator(**row._mapping)  # noqa: SLF001 - SQLAlchemy's name for it


async def find_operator(engine: AsyncEngine, login: str) -> Operator | None:
    """The operator with this login, or None."""
    async with engine.connect() as connection:
        row = (await connection.execute(SELECT.where(operators.c.login == login))).one_or_none()
    return None if row is None else operator_of(row)


async def get_operator(engine: AsyncEngine, login: str) -> Operator:
    """The operator. Raises 404 `operator_not_found`."""
    operator = await find_operator(engine, login)
    if operator is None:
        raise OperatorNotFound
    return operator


async def list_operators(engine: AsyncEngine, after: str, count: int) -> Sequence[Operator]:
    """By login, from the one after `after`."""
    query = SELECT.where(operators.c.login > after).order_by(operators.c.login).limit(count)
    async with engine.connect() as connection:
        return [operator_of(row) for row in await connection.execute(query)]


async def operator_of_link(engine: AsyncEngine, token: str, now: datetime) -> Operator:
    """Whose link this is, while it is good. Raises 404 `link_invalid`."""
    links = operator_links.c
    query = SELECT.join(operator_links, links.operator_id == operators.c.id).where(
        links.digest == digest(token),
        links.used_at.is_(None),
        links.expires_at > now,
        operators.c.is_disabled.is_(False),
    )
    async with engine.connect() as connection:
        row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise LinkInvalid
    return operator_of(row)
