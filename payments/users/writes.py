"""Writes of users and their attempts; they move no money, so handlers call them directly."""

import hashlib
import ipaddress
import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from payments.kernel.clock import Clock
from payments.kernel.errors import TooManyRequests
from payments.kernel.ids import new_secret
from payments.kernel.sql import load_sql
from payments.users.errors import (
    ActivationTokenInvalid,
    LoginTaken,
    UserActive,
    UserInactive,
    UserNotFound,
)
from payments.users.login import login_key
from payments.users.passwords import Passwords
from payments.users.queries import User, find_by_login
from payments.users.tables import activation_tokens, attempt_windows, users

TOKEN_LIFE: Final = timedelta(hours=24)
WINDOW_S: Final = 60
_KEPT: Final = timedelta(minutes=10)
_SITE_BITS: Final = 64


class NewUser(msgspec.Struct, frozen=True, kw_only=True):
    """A user to create."""

    login: str
    password_hash: str
    is_active: bool = False
    is_admin: bool = False


class Registered(msgspec.Struct, frozen=True):
    """A new user and its activation token, which is not stored in clear."""

    user_id: int
    token: str

    def __repr__(self) -> str:
        return f"Registered({self.user_id})"


async def register(engine: AsyncEngine, clock: Clock, new: NewUser) -> Registered:
    """Create a user and its activation token. Raises 409 `login_taken`."""
    token = new_secret()
    async with engine.begin() as connection:
        user_id = await _insert(connection, clock, new)
        if user_id is None:
            raise LoginTaken
        values = {
            "digest": _digest(token),
            "user_id": user_id,
            "expires_at": clock() + TOKEN_LIFE,
        }
        await connection.execute(activation_tokens.insert().values(values))
    return Registered(user_id, token)


async def renew_activation(engine: AsyncEngine, clock: Clock, user: User) -> str:
    """Create another activation token for a user that was never active, and revoke earlier ones.

    Raises 409 `user_active`, and 403 `user_inactive` for a user that an administrator disabled.
    """
    if user.is_active:
        raise UserActive
    token = new_secret()
    left = (activation_tokens.c.user_id == user.id) & activation_tokens.c.used_at.is_(None)
    values = {"digest": _digest(token), "user_id": user.id, "expires_at": clock() + TOKEN_LIFE}
    # Generation 0 means never disabled. The row is locked, so that an administrator who disables
    # the user at this moment revokes this link too.
    same = (users.c.id == user.id) & ~users.c.is_active & (users.c.generation == 0)
    async with engine.begin() as connection:
        await connection.execute(activation_tokens.update().where(left).values(used_at=clock()))
        waits = sa.select(users.c.id).where(same).with_for_update()
        if (await connection.execute(waits)).scalar_one_or_none() is None:
            raise UserInactive
        await connection.execute(activation_tokens.insert().values(values))
    return token


async def activate(engine: AsyncEngine, clock: Clock, token: str) -> int:
    """Activate the user of a token, which works once. Raises 404 `activation_token_invalid`."""
    tokens = activation_tokens.c
    is_valid = (
        (tokens.digest == _digest(token)) & tokens.used_at.is_(None) & (tokens.expires_at > clock())
    )
    use = (
        activation_tokens.update().where(is_valid).values(used_at=clock()).returning(tokens.user_id)
    )
    async with engine.begin() as connection:
        user_id = (await connection.execute(use)).scalar_one_or_none()
        if user_id is None:
            raise ActivationTokenInvalid
        await connection.execute(users.update().where(users.c.id == user_id).values(is_active=True))
    return int(user_id)


async def set_active(engine: AsyncEngine, clock: Clock, user_id: int, *, is_active: bool) -> None:
    """Enable or disable a user; disabling revokes its access tokens and activation links.

    Raises 404 `user_not_found`.
    """
    change = users.update().where(users.c.id == user_id)
    if is_active:
        change = change.values(is_active=True)
    else:
        change = change.values(is_active=False, generation=users.c.generation + 1)
    async with engine.begin() as connection:
        if not is_active:  # tokens before users, as in `activate`: another order could deadlock
            left = (activation_tokens.c.user_id == user_id) & activation_tokens.c.used_at.is_(None)
            await connection.execute(activation_tokens.update().where(left).values(used_at=clock()))
        if (await connection.execute(change)).rowcount == 0:
            raise UserNotFound


async def ensure_admin(
    engine: AsyncEngine, clock: Clock, passwords: Passwords, login: str, password: str
) -> bool:
    """Create the administrator; True when something changed, False with the same password again.

    An ordinary user of this login becomes the administrator with this password; its tokens are
    revoked.
    """
    user = await find_by_login(engine, login_key(login))
    if (
        user is not None
        and user.is_admin
        and await passwords.is_right(user.password_hash, password)
    ):
        return False
    hashed = await passwords.hash(password)
    new = NewUser(login=login, password_hash=hashed, is_active=True, is_admin=True)
    async with engine.begin() as connection:
        if await _insert(connection, clock, new) is not None:
            return True
        change: dict[str, object] = {
            "password_hash": hashed,
            "is_admin": True,
            "generation": users.c.generation + 1,
        }
        if user is not None and not user.is_admin:
            change["is_active"] = True  # a disabled administrator stays disabled
        same = users.c.login_key == login_key(login)
        await connection.execute(users.update().where(same).values(change))
    return True


async def ensure_user(
    engine: AsyncEngine, clock: Clock, passwords: Passwords, login: str, password: str
) -> int:
    """The id of the user with this login, created active if missing (demo data)."""
    new = NewUser(login=login, password_hash=await passwords.hash(password), is_active=True)
    async with engine.begin() as connection:
        made = await _insert(connection, clock, new)
        if made is not None:
            return made
        same = sa.select(users.c.id).where(users.c.login_key == login_key(login))
        return int((await connection.execute(same)).scalar_one())


async def _insert(connection: AsyncConnection, clock: Clock, new: NewUser) -> int | None:
    """The id of the new user; None when the login is taken."""
    values = {
        **msgspec.structs.asdict(new),
        "login_key": login_key(new.login),
        "created_at": clock(),
    }
    insert = (
        postgresql.insert(users)
        .values(values)
        .on_conflict_do_nothing(index_elements=[users.c.login_key])
        .returning(users.c.id)
    )
    made = (await connection.execute(insert)).scalar_one_or_none()
    return None if made is None else int(made)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Attempts per minute."""

    logins_of_one_login: int
    logins_of_one_address: int
    registrations_of_one_address: int


class Attempts:
    """Counts attempts in fixed windows and refuses those beyond the limits.

    Windows are rows in PostgreSQL, so that all processes share them. Without the database every
    attempt is refused, because it cannot be counted.
    """

    def __init__(self, engine: AsyncEngine, clock: Clock, limits: Limits) -> None:
        """`clock` determines the window of an attempt."""
        self._engine = engine
        self._clock = clock
        self._limits = limits

    async def login(self, login_key: str, address: str) -> None:
        """Count a login, successful or not. Raises 429 `too_many_requests`."""
        limits = self._limits
        await self._count(
            {
                _subject("login", login_key): limits.logins_of_one_login,
                _subject("login-from", site_of(address)): limits.logins_of_one_address,
            }
        )

    async def registration(self, address: str) -> None:
        """Count a registration. Raises 429 `too_many_requests`."""
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
            if 1 in counts.values():  # the first attempt of a window deletes the old windows
                old = attempt_windows.c.started_at < started_at - _KEPT
                await connection.execute(attempt_windows.delete().where(old))
        if any(counts[subject] > limit for subject, limit in limits.items()):
            error = TooManyRequests()
            error.retry_after_s = max(1, math.ceil(start_s + WINDOW_S - now_s))
            raise error


def site_of(address: str) -> str:
    """The address that is counted: the /64 network for IPv6, as one client has all of it."""
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
    """A digest, because somebody may type a password into the login field."""
    return f"{kind}:{hashlib.sha256(value.encode()).hexdigest()[:32]}"
