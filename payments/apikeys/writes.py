"""Making, listing, revoking and looking up API keys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.apikeys.tables import api_keys
from payments.apikeys.token import Token, new_token
from payments.http.auth import EVERYTHING, SCOPES
from payments.kernel.clock import Clock


class StoredKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as the database knows it."""

    id: str
    name: str
    scopes: tuple[str, ...]
    secret_hash: bytes
    created_at: datetime
    revoked_at: datetime | None


def unknown_scopes(scopes: Sequence[str]) -> list[str]:
    """Those that are no scopes."""
    return [s for s in scopes if s not in SCOPES and s != EVERYTHING]


async def create_key(
    engine: AsyncEngine, clock: Clock, *, env: str, name: str, scopes: Sequence[str]
) -> Token:
    """A new key; its text is known to the caller alone.

    Raises ValueError for scopes that do not exist.
    """
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
    }
    async with engine.begin() as connection:
        await connection.execute(api_keys.insert().values(values))
    return token


async def find_key(engine: AsyncEngine, key_id: str) -> StoredKey | None:
    """The key of that id."""
    async with engine.connect() as connection:
        row = (
            await connection.execute(sa.select(api_keys).where(api_keys.c.id == key_id))
        ).one_or_none()
    return None if row is None else _stored(row)


async def list_keys(engine: AsyncEngine) -> list[StoredKey]:
    """All keys, newest first."""
    async with engine.connect() as connection:
        rows = (
            await connection.execute(sa.select(api_keys).order_by(api_keys.c.created_at.desc()))
        ).all()
    return [_stored(row) for row in rows]


async def revoke_key(engine: AsyncEngine, clock: Clock, key_id: str) -> bool:
    """Make a key useless within seconds.

    False when there is no such key or it was revoked before.
    """
    still_valid = (api_keys.c.id == key_id) & api_keys.c.revoked_at.is_(None)
    async with engine.begin() as connection:
        done = await connection.execute(
            api_keys.update().where(still_valid).values(revoked_at=clock())
        )
    return done.rowcount == 1


def _stored(row: sa.Row[Any]) -> StoredKey:
    return StoredKey(
        id=row.id,
        name=row.name,
        scopes=tuple(row.scopes),
        secret_hash=row.secret_hash,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
    )
