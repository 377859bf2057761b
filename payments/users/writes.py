"""Changes to users, and counting their attempts: no money moves, so handlers write directly."""

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
    """A user to be made."""

    login: str
    password_hash: str
    is_active: bool = False
    is_admin: bool = False


class Registered(msgspec.Struct, frozen=True):
    """A new user and the text of its activation token, which is nowhere else."""

    user_id: int
    token: str

    def __repr__(self) -> str:
        return f"Registered({self.user_id})"


async def register(engine: AsyncEngine, clock: Clock, new: NewUser) -> Registered:
    """A new user with a token that activates it. Raises 409 `login_taken`."""
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
    """Another activation token for a user that was never active; earlier ones end.

    Raises 409 `user_active`, and 403 `user_inactive` for one that an administrator shut out.
    """
    if user.is_active:
        raise UserActive
    token = new_secret()
    left = (activation_tokens.c.user_id == user.id) & activation_tokens.c.used_at.is_(None)
    values = {"digest": _digest(token), "user_id": user.id, "expires_at": clock() + TOKEN_LIFE}
    # Never shut out: disabling a user begins another generation. Locked, so that an administrator
    # who does it at this moment ends this link as well.
    same = (users.c.id == user.id) & ~users.c.is_active & (users.c.generation == 0)
    async with engine.begin() as connection:
        await connection.execute(activation_tokens.update().where(left).values(used_at=clock()))
        waits = sa.select(users.c.id).where(same).with_for_update()
        if (await connection.execute(waits)).scalar_one_or_none() is None:
            raise UserInactive
        await connection.execute(activation_tokens.insert().values(values))
    return token


async def activate(engine: AsyncEngine, clock: Clock, token: str) -> int:
    """The user a token activates, once. Raises 404 `activation_token_invalid`."""
    tokens = activation_tokens.c
    wanted = (
        (tokens.digest == _digest(token)) & tokens.used_at.is_(None) & (tokens.expires_at > clock())
    )
    use = activation_tokens.update().where(wanted).values(used_at=clock()).returning(tokens.user_id)
    async with engine.begin() as connection:
        user_id = (await connection.execute(use)).scalar_one_or_none()
        if user_id is None:
            raise ActivationTokenInvalid
        await connection.execute(users.update().where(users.c.id == user_id).values(is_active=True))
    return int(user_id)


async def set_active(engine: AsyncEngine, clock: Clock, user_id: int, *, is_active: bool) -> None:
    """Let a user in, or shut it out: its access tokens and activation links are void for good.

    Raises 404 `user_not_found`.
    """
    change = users.update().where(users.c.id == user_id)
    if is_active:
        change = change.values(is_active=True)
    else:
        change = change.values(is_active=False, generation=users.c.generation + 1)
    async with engine.begin() as connection:
        if (
            not is_active
        ):  # tokens before users, as in `activate`: two that meet must not wait in a circle
            left = (activation_tokens.c.user_id == user_id) & activation_tokens.c.used_at.is_(None)
            await connection.execute(activation_tokens.update().where(left).values(used_at=clock()))
        if (await connection.execute(change)).rowcount == 0:
            raise UserNotFound


async def ensure_admin(
    engine: AsyncEngine, clock: Clock, passwords: Passwords, login: str, password: str
) -> bool:
    """Make the administrator; True when something was done. Again with the same password: nothing.

    A login somebody else holds becomes the administrator's with this password; its tokens end.
    """
    found = await find_by_login(engine, login_key(login))
    if (
        found is not None
        and found.is_admin
        and await passwords.is_right(found.password_hash, password)
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
        if found is not None and not found.is_admin:
            change["is_active"] = True  # one that was switched off as an administrator stays off
        same = users.c.login_key == login_key(login)
        await connection.execute(users.update().where(same).values(change))
    return True


async def ensure_user(
    engine: AsyncEngine, clock: Clock, passwords: Passwords, login: str, password: str
) -> int:
    """The id of an active user of that login, made when there is none (demo data)."""
    new = NewUser(login=login, password_hash=await passwords.hash(password), is_active=True)
    async with engine.begin() as connection:
        made = await _insert(connection, clock, new)
        if made is not None:
            return made
        same = sa.select(users.c.id).where(users.c.login_key == login_key(login))
        return int((await connection.execute(same)).scalar_one())


async def _insert(connection: AsyncConnection, clock: Clock, new: NewUser) -> int | None:
    """The id of the new user, None when the login is taken."""
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
    """Attempts a minute."""

    logins_of_one_login: int
    logins_of_one_address: int
    registrations_of_one_address: int


class Attempts:
    """Counts attempts in fixed windows and turns away those beyond the limits.

    Windows are rows in PostgreSQL, so processes count together. Without the database nobody gets
    in: a limit that cannot be counted is a limit reached.
    """

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
