"""The `api_key` scheme: authenticates a client by bearer key, with a cache of looked-up keys."""

import hmac
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from payments.apikeys.token import Token, parse_token
from payments.apikeys.writes import StoredKey
from payments.http.auth import Actor, bearer_token
from payments.http.services import Connection
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
    """Authenticates `Authorization: Bearer pk_…`. Secrets and headers are never logged."""

    def __init__(self, find: FindKey, now_s: Callable[[], float] = monotonic_s) -> None:
        """`find` looks a key up in the database."""
        self._find = find
        self._now_s = now_s
        self._cache: dict[str, _Cached] = {}

    async def __call__(self, connection: Connection) -> Actor:
        """The client that owns the key.

        Raises `NotAuthenticated`, with the same answer whatever is wrong with the key.
        """
        text = bearer_token(connection)
        token = parse_token(text) if text else None
        if token is None:
            raise NotAuthenticated("an API key is needed: Authorization: Bearer pk_…")
        cached = self._cache.get(token.id)
        if cached is None or self._now_s() - cached.found_s > FRESH_S:
            cached = await self._refresh(token, cached)
        if cached is None or not hmac.compare_digest(token.digest(), cached.secret_hash):
            raise NotAuthenticated("this API key is not valid")
        return cached.actor

    async def _refresh(self, token: Token, cached: _Cached | None) -> _Cached | None:
        try:
            stored = await self._find(token.id)
        except Exception:
            # While the database is away no key can be revoked either.
            if cached is not None and self._now_s() - cached.found_s < STALE_S:
                return cached
            raise
        if stored is None or stored.revoked_at is not None:
            self._cache.pop(token.id, None)
            return None
        if len(self._cache) >= _CACHE_MAX:
            self._cache.clear()
        actor = Actor(stored.actor, frozenset(stored.scopes), also=stored.earlier_actors)
        refreshed = self._cache[token.id] = _Cached(stored.secret_hash, actor, self._now_s())
        return refreshed
