"""How often somebody may try: fixed windows in PostgreSQL, so that processes count together.

Without the database nobody gets in: a limit that cannot be counted is a limit reached.
"""

import hashlib
import ipaddress
import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.kernel.clock import Clock
from payments.kernel.errors import TooManyRequests
from payments.kernel.sql import load_sql
from payments.users.tables import attempt_windows

WINDOW_S: Final = 60
_KEPT: Final = timedelta(minutes=10)
_SITE_BITS: Final = 64


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Attempts a minute."""

    logins_of_one_login: int
    logins_of_one_address: int
    registrations_of_one_address: int


class Attempts:
    """Counts attempts and turns away those beyond the limits."""

    def __init__(self, engine: AsyncEngine, clock: Clock, limits: Limits) -> None:
        """The clock decides in which window an attempt falls."""
        self._engine = engine
        self._clock = clock
        self._limits = limits

    async def login(self, login_key: str, address: str) -> None:
        """One login, right or wrong. Raises 429 `too_many_requests`."""
        limits = self._limits
        await self._count(
            {
                _subject("login", login_key): limits.logins_of_one_login,
                _subject("login-from", site_of(address)): limits.logins_of_one_address,
            }
        )

    async def registration(self, address: str) -> None:
        """One registration. Raises 429 `too_many_requests`."""
        limit = self._limits.registrations_of_one_address
        await self._count({_subject("register-from", site_of(address)): limit})

    async def _count(self, limits: Mapping[str, int]) -> None:
        now_s = self._clock().timestamp()
        start_s = math.floor(now_s / WINDOW_S) * WINDOW_S
        started_at = datetime.fromtimestamp(start_s, UTC)
        sql = load_sql(__file__, "count_attempts")
        async with self._engine.begin() as connection:
            result = await connection.exec_driver_sql(sql, (started_at, list(limits)))
            counts = {row.subject: row.attempts for row in result}
            if 1 in counts.values():  # a new window: a good moment to forget the old ones
                old = attempt_windows.c.started_at < started_at - _KEPT
                await connection.execute(attempt_windows.delete().where(old))
        if any(counts[subject] > limit for subject, limit in limits.items()):
            error = TooManyRequests()
            error.retry_after_s = max(1, math.ceil(start_s + WINDOW_S - now_s))
            raise error


def site_of(address: str) -> str:
    """The address that counts: one client owns a whole IPv6 /64."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, _SITE_BITS), strict=False))


def _subject(kind: str, value: str) -> str:
    """A digest: a password typed into the login field must not stay readable."""
    return f"{kind}:{hashlib.sha256(value.encode()).hexdigest()[:32]}"
