"""Signatures of specification §6, implemented from the document and not from our client."""

import base64
import hashlib
import hmac
from typing import Final

TOLERANCE_S: Final = 300
_SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - a prefix, not a secret


def sign(secret: str, message_id: str, timestamp: int, payload: bytes) -> str:
    """`v1,<base64>` of HMAC-SHA256 over `id.timestamp.payload` with the decoded secret."""
    key = base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
    content = f"{message_id}.{timestamp}.".encode() + payload
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


def matches(
    secrets: tuple[str, ...], signatures: str, message_id: str, timestamp: int, payload: bytes
) -> bool:
    """Whether any of the signatures, separated by spaces, was made with any of the secrets."""
    offered = [text.encode() for text in signatures.split(" ")]
    expected = [sign(secret, message_id, timestamp, payload).encode() for secret in secrets]
    # Bytes, because compare_digest raises TypeError on text outside ASCII.
    verdicts = [hmac.compare_digest(one, other) for one in offered for other in expected]
    return any(verdicts)


def request_payload(method: str, target: str, body: bytes) -> bytes:
    """The signed payload of a request: method, target as in the request line, body."""
    return f"{method} {target}\n".encode() + body
