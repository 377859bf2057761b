"""Folds logins for comparison, and checks login and password."""

import unicodedata

from sqlalchemy.ext.asyncio import AsyncEngine

from payments.users.errors import InvalidCredentials, UserInactive
from payments.users.passwords import Passwords
from payments.users.queries import User, find_by_login


def login_key(login: str) -> str:
    """The folded login: letters that differ only in case or width are equal."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", login).casefold())


async def check_password(
    engine: AsyncEngine, passwords: Passwords, login: str, password: str
) -> User:
    """The user of this login and password, active or not.

    Raises 401 `invalid_credentials`, for an unknown login too and after the same time.
    """
    user = await find_by_login(engine, login_key(login))
    is_right = await passwords.is_right(None if user is None else user.password_hash, password)
    if user is None or not is_right:
        raise InvalidCredentials
    return user


async def check_credentials(
    engine: AsyncEngine, passwords: Passwords, login: str, password: str
) -> User:
    """The active user of this login and password.

    Raises 401 `invalid_credentials` and 403 `user_inactive`.
    """
    user = await check_password(engine, passwords, login, password)
    if not user.is_active:
        raise UserInactive
    return user
