"""Creates, lists, revokes and looks up API keys."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.apikeys.tables import api_clients, api_keys
from payments.apikeys.token import Token, new_token
from payments.http.scopes import SCOPES, is_scope
from payments.kernel.clock import Clock


class StoredKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as stored."""

    id: str
    name: str
    scopes: tuple[str, ...]
    secret_hash: bytes
    created_at: datetime
    revoked_at: datetime | None
    actor: str
    """The actor that operations record for its client: the same for every key of that name."""
    earlier_actors: tuple[str, ...] = ()
    """Other actors that operations of 0.1.0 recorded for keys of this client."""


_NAME: Final = re.compile(r"(?! )[^\x00-\x1f\x7f-\xa0]{1,100}(?<! )")
_OTHERS: Final = api_keys.alias("others")
_CALLER: Final = sa.literal("key:") + _OTHERS.c.id
_SELECT: Final = sa.select(
    api_keys,
    api_clients.c.actor,
    sa.select(sa.func.array_agg(aggregate_order_by(_CALLER, _OTHERS.c.created_at, _OTHERS.c.id)))
    .where(_OTHERS.c.name == api_keys.c.name, _OTHERS.c.was_caller)
    .scalar_subquery()
    .label("callers"),
).join(api_clients, api_clients.c.name == api_keys.c.name)


def unknown_scopes(scopes: Sequence[str]) -> list[str]:
    """The scopes that do not exist."""
    return [s for s in scopes if not is_scope(s)]


async def create_key(
    engine: AsyncEngine, clock: Clock, *, env: str, name: str, scopes: Sequence[str]
) -> Token:
    """Create a key for the client `name`. Its text is returned here only.

    Raises ValueError for unknown scopes and invalid names.
    """
    if _NAME.fullmatch(name) is None:
        raise ValueError(
            "a client's name is 1 to 100 visible characters, without spaces at its ends"
        )
    if not scopes or unknown_scopes(scopes):
        raise ValueError(
            f"unknown scopes {unknown_scopes(scopes)}; there are {', '.join(SCOPES)} and *"
        )
    token = new_token(env)
    values = {
        "id": token.id,
        "name": name,
        "scopes": list(scopes),
        "secret_hash": token.digest(),
        "created_at": clock(),
        "was_caller": False,
    }
    client = insert(api_clients).values(name=name, actor=f"client:{name}").on_conflict_do_nothing()
    async with engine.begin() as connection:
        await connection.execute(client)
        await connection.execute(api_keys.insert().values(values))
    return token


async def find_key(engine: AsyncEngine, key_id: str) -> StoredKey | None:
    """The key with that id, or None."""
    async with engine.connect() as connection:
        row = (await connection.execute(_SELECT.where(api_keys.c.id == key_id))).one_or_none()
    return None if row is None else _stored(row)


async def list_keys(engine: AsyncEngine) -> list[StoredKey]:
    """All keys, newest first."""
    async with engine.connect() as connection:
        rows = (await connection.execute(_SELECT.order_by(api_keys.c.created_at.desc()))).all()
    return [_stored(row) for row in rows]


async def revoke_key(engine: AsyncEngine, clock: Clock, key_id: str) -> bool:
    """Revoke a key; it stops working within seconds.

    Returns False when there is no such key or it was revoked before.
    """
    still_valid = (api_keys.c.id == key_id) & api_keys.c.revoked_at.is_(None)
    async with engine.begin() as connection:
        result = await connection.execute(
            api_keys.update().where(still_valid).values(revoked_at=clock())
        )
    return result.rowcount == 1


def _stored(row: sa.Row[Any]) -> StoredKey:
    return StoredKey(
        id=row.id,
        name=row.name,
        scopes=tuple(row.scopes),
        secret_hash=row.secret_hash,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
        actor=row.actor,
        earlier_actors=tuple(name for name in row.callers or () if name != row.actor),
    )
