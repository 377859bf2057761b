"""What logins and passwords of operators look like."""

import re
from typing import Final

from payments.operators.errors import InvalidLogin, WeakPassword

PASSWORD_MIN: Final = 12
PASSWORD_MAX: Final = 200
_LOGIN: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")


def checked_login(text: str) -> str:
    """The login in lower case. Raises `InvalidLogin`."""
    login = text.strip().lower()
    if not login.isascii() or _LOGIN.fullmatch(login) is None:
        raise InvalidLogin
    return login


def check_password(login: str, password: str) -> None:
    """Raise `WeakPassword` for a password that is too short, too long or the login."""
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX or password.lower() == login:
        raise WeakPassword
