"""Text of an API key: `pk_<env>_<id>_<secret>`."""

import hashlib
import re
from typing import Final

import msgspec

from payments.kernel.ids import new_secret

ENVIRONMENTS: Final = {"development": "dev", "production": "live"}
_TOKEN: Final = re.compile(r"pk_(dev|live)_([0-9a-z]{12})_([A-Za-z0-9_-]{43})", re.ASCII)
_ID: Final = re.compile(r"[^0-9a-z]")
_ID_LENGTH: Final = 12


class Token(msgspec.Struct, frozen=True):
    """The parts of a key. Its repr hides the secret, because it may be logged."""

    env: str
    id: str
    secret: str

    def __repr__(self) -> str:
        return f"Token(pk_{self.env}_{self.id}_***)"

    def text(self) -> str:
        """The full key that the client sends; shown once."""
        return f"pk_{self.env}_{self.id}_{self.secret}"

    def digest(self) -> bytes:
        """SHA-256 of the secret, as stored."""
        return hashlib.sha256(self.secret.encode()).digest()


def new_token(env: str) -> Token:
    """A new key for a profile ("development", "production")."""
    public = ""
    while len(public) < _ID_LENGTH:
        public += _ID.sub("", new_secret(24).lower())
    return Token(ENVIRONMENTS[env], public[:_ID_LENGTH], new_secret(32))


def parse_token(text: str) -> Token | None:
    """The parts of a key, or None when the text is not a key."""
    match = _TOKEN.fullmatch(text)
    return Token(match[1], match[2], match[3]) if match else None
