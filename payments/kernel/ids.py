"""Identifiers: random time-ordered ones, and ones derived from a caller's key."""

import hashlib
import os
import secrets
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, NewType

from payments.kernel.strict import NotRead, read_uuid

OperationId = NewType("OperationId", uuid.UUID)
WalletId = NewType("WalletId", int)
AccountId = NewType("AccountId", int)

_NAMESPACE: Final = uuid.UUID("5b0c8a0e-3c0f-5b7e-9f57-2a4d3f6c1d11")
_NAMESPACE_HASHED: Final = hashlib.sha1(_NAMESPACE.bytes, usedforsecurity=False)
_FIXED: Final = 0xF << 76 | 0b11 << 62
"""Where a UUID says its version and variant."""
_VERSION_5: Final = 5 << 76 | 0b10 << 62
_RANDOM: Final = (1 << 74) - 1
"""The bits of a UUIDv7 that are neither its time nor its kind."""
_UNIX_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_SORTABLE_BITS: Final = 0x7 << 76 | 0b10 << 62
"""The version and the variant of a UUIDv7."""


def _random_bits() -> int:
    """Random bits of an id, drawn for 128 ids at a time: each system call took a microsecond."""
    if not _POOL:
        drawn = os.urandom(10 * 128)
        _POOL.extend(int.from_bytes(drawn[n : n + 10]) & _RANDOM for n in range(0, len(drawn), 10))
    return _POOL.pop()


_POOL: Final[list[int]] = []
os.register_at_fork(after_in_child=_POOL.clear)


def new_id() -> OperationId:
    """A new UUIDv7. It sorts by time, so index pages stay cached (insert rate
    flat over 4 million).
    """
    return _of_time(time.time_ns() // 1_000_000, _random_bits())


def _of_time(unix_ms: int, random: int) -> OperationId:
    high, low = random >> 62, random & ((1 << 62) - 1)
    return OperationId(uuid.UUID(int=unix_ms << 80 | _SORTABLE_BITS | high << 64 | low))


def derived_id(scope: str, actor: str, key: str) -> OperationId:
    """The same id for the same caller and key, always; `scope` separates kinds of keys."""
    return _of_caller(scope, actor)(key)


@lru_cache(maxsize=1024)
def _of_caller(scope: str, actor: str) -> Callable[[str], OperationId]:
    return derived_ids(scope, actor, "")


def derived_ids(scope: str, actor: str, beginning: str) -> Callable[[str], OperationId]:
    """Makes the ids of keys that begin alike: `derived_id(scope, actor, beginning + rest)`."""
    begun = _NAMESPACE_HASHED.copy()
    begun.update(f"{scope}\x1f{actor}\x1f{beginning}".encode())

    def of(rest: str) -> OperationId:
        hashed = begun.copy()
        hashed.update(rest.encode())
        # As uuid5, in a third of its time.
        value = int.from_bytes(hashed.digest()[:16]) & ~_FIXED | _VERSION_5
        return OperationId(uuid.UUID(int=value))

    return of


def timed_id(unix_ms: int, digest: bytes) -> OperationId:
    """A UUIDv7 of a given time with the digest as its random bits: derived, yet sorted by time."""
    return _of_time(unix_ms & ((1 << 48) - 1), int.from_bytes(digest[:10]) & _RANDOM)


def sortable_id(id_: uuid.UUID, now: datetime) -> uuid.UUID:
    """An id that sorts by time: `id_` itself if it is a UUIDv7, otherwise one made of now and
    `id_`.

    72 bits come from `id_`, so ids made in the same millisecond differ. The SQL function
    `sortable_id` makes the same.
    """
    number = id_.int
    if number & _FIXED == _SORTABLE_BITS:  # `version` runs a dozen lines of Python
        return id_
    return _of_time(_unix_ms(now), number & _RANDOM)


@lru_cache(maxsize=4)
def _unix_ms(now: datetime) -> int:
    """Whole milliseconds, without floats; kept, for a batch has one time."""
    return (now - _UNIX_EPOCH) // _MILLISECOND


def new_secret(bytes_: int = 32) -> str:
    """Random text of `bytes_` bytes, safe in a URL."""
    return secrets.token_urlsafe(bytes_)


def new_hex(bytes_: int) -> str:
    return os.urandom(bytes_).hex()


def parse_id(text: str) -> OperationId | None:
    """The UUID in a path or query, or None when it is not a UUID in its usual form."""
    try:
        return OperationId(read_uuid(text))
    except NotRead:
        return None
