"""The text of a key: `pk_<env>_<id>_<secret>`."""

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
    """A key's parts. Its repr hides the secret: it may land in a log."""

    env: str
    id: str
    secret: str

    def __repr__(self) -> str:
        return f"Token(pk_{self.env}_{self.id}_***)"

    def text(self) -> str:
        """What the client sends; shown once."""
        return f"pk_{self.env}_{self.id}_{self.secret}"

    def digest(self) -> bytes:
        """What the database keeps."""
        return hashlib.sha256(self.secret.encode()).digest()


def new_token(env: str) -> Token:
    """A new key for a profile ("development", "production")."""
    public = ""
    while len(public) < _ID_LENGTH:
        public += _ID.sub("", new_secret(24).lower())
    return Token(ENVIRONMENTS[env], public[:_ID_LENGTH], new_secret(32))


def parse_token(text: str) -> Token | None:
    """The parts, or None when it is no key of ours."""
    found = _TOKEN.fullmatch(text)
    return Token(found[1], found[2], found[3]) if found else None
