"""The second factor: codes of an authenticator application (TOTP, RFC 6238)."""

import base64
import hmac
import os
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

STEP_S: Final = 30
DIGITS: Final = 6
_SECRET_BYTES: Final = 20
_ISSUER: Final = "Payments console"
_DRIFT: Final = 1
"""Steps that a phone's clock may be ahead or behind."""


def new_secret() -> str:
    """A new secret in the form that applications take when it is typed: base32."""
    return base64.b32encode(os.urandom(_SECRET_BYTES)).decode()


def uri(secret: str, login: str) -> str:
    """The `otpauth://` address that applications read."""
    return _totp(secret).get_provisioning_uri(login, _ISSUER)


def code_at(secret: str, step: int) -> str:
    """The code of a time step."""
    return _totp(secret).generate(step * STEP_S).decode()


def step_of(secret: str, code: str, now: datetime, after: int) -> int | None:
    """The time step whose code this is, newer than `after`; None when it is wrong or used."""
    current = int(now.timestamp()) // STEP_S
    for step in range(current - _DRIFT, current + _DRIFT + 1):
        if step > after and hmac.compare_digest(code_at(secret, step).encode(), code.encode()):
            return step
    return None


def _totp(secret: str) -> TOTP:
    # SHA-1 is what every application supports; HMAC with it is sound.
    return TOTP(base64.b32decode(secret), DIGITS, SHA1(), STEP_S)  # noqa: S303
