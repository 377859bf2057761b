"""Reads of users."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.kernel.database import Connection
from payments.kernel.sql import load_sql
from payments.users.tables import users


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A user. Its repr hides the password hash."""

    id: int
    login: str
    password_hash: str
    is_active: bool
    is_admin: bool
    generation: int
    created_at: datetime

    def __repr__(self) -> str:
        return f"User({self.id})"


class Standing(msgspec.Struct, frozen=True):
    """The fields of a user that an access token is checked against."""

    is_active: bool
    is_admin: bool
    generation: int


_SELECT = sa.select(*(users.c[name] for name in User.__struct_fields__))


async def find_by_login(engine: AsyncEngine, key: str) -> User | None:
    """The user with this folded login."""
    async with engine.connect() as connection:
        row = (await connection.execute(_SELECT.where(users.c.login_key == key))).one_or_none()
    return None if row is None else User(**row._mapping)  # noqa: SLF001 - SQLAlchemy's name for it


async def find_user(engine: AsyncEngine, user_id: int) -> User | None:
    """The user with this id."""
    async with engine.connect() as connection:
        row = (await connection.execute(_SELECT.where(users.c.id == user_id))).one_or_none()
    return None if row is None else User(**row._mapping)  # noqa: SLF001


async def list_users(engine: AsyncEngine, before: int | None, count: int) -> Sequence[User]:
    """Users, newest first."""
    query = _SELECT.order_by(users.c.id.desc()).limit(count)
    if before is not None:
        query = query.where(users.c.id < before)
    async with engine.connect() as connection:
        return [User(**row._mapping) for row in await connection.execute(query)]  # noqa: SLF001


async def read_standings(connection: Connection, ids: Sequence[int]) -> Mapping[int, Standing]:
    """Standings by user id."""
    rows = await connection.fetch(load_sql(__file__, "user_standings"), list(ids))
    return {row[0]: Standing(row[1], row[2], row[3]) for row in rows}
