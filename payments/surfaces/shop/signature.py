"""Signatures of the provider's webhook: the seed's SHA-1 rule, contained, or HMAC-SHA256.

SHA-1 over a key and a text is weak (its length can be extended, collisions can be bought), so it
opens this one route only, which can only credit, with a key used for nothing else, over fields
that are plain digits; and it can be switched off.
"""

import hashlib
import hmac
import re
from typing import Final

import msgspec

from payments.kernel.errors import NotAllowed

HEADER: Final = b"x-signature"
_V2: Final = re.compile(r"v2=([0-9a-fA-F]{64})", re.ASCII)


class BadSignature(NotAllowed):
    """The signature does not belong to this body."""

    code = "bad_signature"


class WebhookKey(msgspec.Struct, frozen=True):
    """The provider's key, and whether the SHA-1 rule counts."""

    key: str
    is_sha1_on: bool = True

    def __repr__(self) -> str:
        return f"WebhookKey(***, is_sha1_on={self.is_sha1_on})"


def sha1_signature(key: str, transaction_id: str, user_id: str, bill_id: str, amount: str) -> str:
    """The seed's rule, over the text each value has in the JSON."""
    text = f"{key}:{transaction_id}:{user_id}:{bill_id}:{amount}"
    return hashlib.sha1(text.encode()).hexdigest()  # noqa: S324 - the provider's rule, see above


def v2_signature(key: str, body: bytes) -> str:
    """HMAC-SHA256 over the raw body, hex."""
    return hmac.digest(key.encode(), body, "sha256").hex()


def is_v2(key: WebhookKey, header: str, body: bytes) -> bool:
    """True when the header `v2=<hex>` signs the body."""
    given = _V2.fullmatch(header.strip())
    return given is not None and _same(given[1], v2_signature(key.key, body))


def is_sha1(key: WebhookKey, signature: str, signed: tuple[str, str, str, str]) -> bool:
    """True when the rule counts and the signature is that of the four texts."""
    return key.is_sha1_on and _same(signature, sha1_signature(key.key, *signed))


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.lower().encode(), right.encode())
