"""Secrets of operators: one-time links, sessions, recovery codes; stored as SHA-256."""

import hashlib
import hmac
from typing import Final

from payments.kernel.ids import new_hex, new_secret

RECOVERY_CODES: Final = 10
_HALF: Final = 5


def new_token() -> str:
    """256 random bits, for a link or a session."""
    return new_secret(32)


def digest(token: str) -> bytes:
    """The hash that is stored in place of the token."""
    return hashlib.sha256(token.encode()).digest()


def csrf_token(session: str) -> str:
    """The token that the forms of this session carry; it does not reveal the session."""
    return hmac.new(session.encode(), b"csrf", hashlib.sha256).hexdigest()


def new_recovery_codes() -> list[str]:
    """Codes of 40 bits each, `3f9a0-c71de`; each works once in place of the second factor."""
    texts = [new_hex(_HALF) for _ in range(RECOVERY_CODES)]
    return [f"{text[:_HALF]}-{text[_HALF:]}" for text in texts]
