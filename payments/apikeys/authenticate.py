"""The `api_key` scheme: authenticates a client by bearer key, with a cache of looked-up keys."""

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

import msgspec

from payments.apikeys.token import parse_token
from payments.apikeys.writes import StoredKey
from payments.http.auth import Actor, bearer_token
from payments.http.services import Connection, raw_header
from payments.kernel.clock import monotonic_s
from payments.kernel.errors import NotAuthenticated

FRESH_S: Final = 3.0
"""How long a looked-up key is used without a new lookup: a revoked key works at most this long."""
STALE_S: Final = 60.0
"""How long a cached key is used while the database is away.

Intents are durable without it, so requests are still accepted.
"""
_CACHE_MAX: Final = 10_000

FindKey = Callable[[str], Awaitable[StoredKey | None]]


class _Cached(msgspec.Struct, frozen=True):
    secret_hash: bytes
    actor: Actor
    found_s: float


class KeyAuthenticator:
    """Authenticates `Authorization: Bearer pk_…`. Secrets and headers are never logged or kept."""

    def __init__(self, find: FindKey, now_s: Callable[[], float] = monotonic_s) -> None:
        """`find` looks a key up in the database."""
        self._find = find
        self._now_s = now_s
        self._cache: dict[str, _Cached] = {}
        self._by_header: dict[bytes, _Cached] = {}
        self._looking: dict[str, asyncio.Task[_Cached | None]] = {}

    async def __call__(self, connection: Connection) -> Actor:
        """The client that owns the key.

        Raises `NotAuthenticated`, with the same answer whatever is wrong with the key.
        """
        # A header that was checked is known by its digest: parsing it again took 4 % of a request.
        digest = hashlib.sha256(raw_header(connection, b"authorization") or b"").digest()
        cached = self._by_header.get(digest)
        if cached is not None and self._now_s() - cached.found_s <= FRESH_S:
            return cached.actor
        text = bearer_token(connection)
        token = parse_token(text) if text else None
        if token is None:
            raise NotAuthenticated("an API key is needed: Authorization: Bearer pk_…")
        cached = self._cache.get(token.id)
        if cached is None or self._now_s() - cached.found_s > FRESH_S:
            cached = await self._looked_up(token.id)
        if cached is None or not hmac.compare_digest(token.digest(), cached.secret_hash):
            raise NotAuthenticated("this API key is not valid")
        if len(self._by_header) >= _CACHE_MAX:
            self._by_header.clear()
        self._by_header[digest] = cached
        return cached.actor

    async def _looked_up(self, key_id: str) -> _Cached | None:
        """The key from the database: one query for all requests of a moment.

        Each of them asking by itself took 8 % of the API's time with 64 connections.
        """
        task = self._looking.get(key_id)
        if task is None:
            task = self._looking[key_id] = asyncio.create_task(self._refresh(key_id))
            task.add_done_callback(partial(self._forget_look_up, key_id))
        return await asyncio.shield(task)  # a client that goes away does not take it from others

    def _forget_look_up(self, key_id: str, task: asyncio.Task[_Cached | None]) -> None:
        del self._looking[key_id]
        if not task.cancelled():
            task.exception()  # retrieved: whoever asked may have gone away

    async def _refresh(self, key_id: str) -> _Cached | None:
        cached = self._cache.get(key_id)
        try:
            stored = await self._find(key_id)
        except Exception:
            # While the database is away no key can be revoked either.
            if cached is not None and self._now_s() - cached.found_s < STALE_S:
                return cached
            raise
        if stored is None or stored.revoked_at is not None:
            self._cache.pop(key_id, None)
            return None
        if len(self._cache) >= _CACHE_MAX:
            self._cache.clear()
        actor = Actor(stored.actor, frozenset(stored.scopes), also=stored.earlier_actors)
        refreshed = self._cache[key_id] = _Cached(stored.secret_hash, actor, self._now_s())
        return refreshed
