"""`X-Signature: v2=<hex HMAC-SHA256 over the raw body>`: one rule for every incoming webhook.

The hex digits may be in either case. Two secrets may be valid at once, so that a secret can be
rotated without refusing webhooks.
"""

import hmac
import re
from typing import Final

from payments.kernel.errors import NotAllowed

HEADER: Final = b"x-signature"
_V2: Final = re.compile(r"v2=([0-9a-fA-F]{64})", re.ASCII)


class BadSignature(NotAllowed):
    """The signature is missing, or does not belong to this body."""

    code = "bad_signature"


class SigningKeys:
    """The secrets of one sender. Its repr hides them."""

    def __init__(self, secrets: str) -> None:
        """`secrets`: one secret, or two separated by a comma during a rotation."""
        self.texts: Final = tuple(text for part in secrets.split(",") if (text := part.strip()))

    def __bool__(self) -> bool:
        return bool(self.texts)

    def __repr__(self) -> str:
        return "SigningKeys(***)"

    def is_v2(self, header: str | None, body: bytes) -> bool:
        """True when the header is the body's signature by one of the secrets; constant time."""
        match = _V2.fullmatch((header or "").strip())
        if match is None:
            return False
        right = [is_same(match[1], v2_signature(secret, body)) for secret in self.texts]
        return any(right)


def v2_signature(secret: str, body: bytes) -> str:
    """HMAC-SHA256 over the raw body, hex."""
    return hmac.digest(secret.encode(), body, "sha256").hex()


def v2_header(secret: str, body: bytes) -> str:
    """The value of `X-Signature` for a body."""
    return f"v2={v2_signature(secret, body)}"


def is_same(received: str, expected: str) -> bool:
    """Compare hex digits in constant time; `received` may be in either case."""
    return hmac.compare_digest(received.lower().encode("utf-8", "replace"), expected.encode())
