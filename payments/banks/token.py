"""API keys of marketplaces: shown once, stored as a hash."""

import hashlib
from typing import Final

from payments.kernel.ids import new_secret

PREFIX: Final = "mk_"


def new_key() -> str:
    """A key of 256 random bits."""
    return f"{PREFIX}{new_secret(32)}"


def digest_of(key: str) -> bytes:
    """The stored hash. A key has 256 random bits, so a fast hash without salt is enough."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
