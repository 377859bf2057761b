"""Passwords: argon2id in threads, with at most as many hashes at once as there are cores."""

import asyncio
import os
from collections.abc import Callable
from typing import Final, TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from payments.kernel.errors import Unavailable
from payments.kernel.ids import new_secret

T = TypeVar("T")

PASSWORD_MIN: Final = 8
"""Minimum length of a new password."""
_WAITING_MAX: Final = 1000
"""Logins beyond this number are refused at once, as they would wait too long."""


class Passwords:
    """Hashes and checks with OWASP's minimum for argon2id: 19 MiB (per core), 2 passes, 1 lane."""

    def __init__(self, at_once: int | None = None) -> None:
        """`at_once`: hashes computed in parallel; by default the number of cores."""
        self._hasher = PasswordHasher(
            time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID
        )
        self._slots = asyncio.Semaphore(at_once or os.cpu_count() or 1)
        self._waiting = 0
        self._nobodys = self._hasher.hash(new_secret())

    async def hash(self, password: str) -> str:
        """The text to store."""
        return await self._aside(lambda: self._hasher.hash(password))

    async def is_right(self, stored: str | None, password: str) -> bool:
        """True when the password matches. Without a hash (no such user) False after the
        same time.
        """
        hashed = stored or self._nobodys
        return await self._aside(lambda: self._verify(hashed, password)) and stored is not None

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _aside(self, work: Callable[[], T]) -> T:
        if self._waiting >= _WAITING_MAX:
            raise Unavailable("too many are logging in just now")
        self._waiting += 1
        try:
            async with self._slots:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1
