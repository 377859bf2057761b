"""Signatures of SuperPay's specification §6, both directions."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

TOLERANCE_S: Final = 300
EVENT_ID_MAX: Final = 255
_PREFIX: Final = "whsec_"
_VERSION: Final = "v1,"
_KEY_BYTES: Final = (24, 64)


def key_of(secret: str) -> bytes:
    """The key in `whsec_<base64>`. Raises ValueError with a message that never
    contains the secret.
    """
    if not secret.startswith(_PREFIX):
        raise ValueError("a SuperPay secret begins with whsec_")
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("a SuperPay secret is whsec_ and base64") from None
    low, high = _KEY_BYTES
    if not low <= len(key) <= high:
        raise ValueError(f"a SuperPay secret has {low} to {high} bytes, this one has {len(key)}")
    return key


def sign(key: bytes, message_id: str, timestamp: int, payload: bytes) -> str:
    """`v1,<base64>` of HMAC-SHA256 over `id.timestamp.payload`."""
    content = f"{message_id}.{timestamp}.".encode() + payload
    return _VERSION + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


def request_headers(
    key: bytes, request_id: str, timestamp: int, target: str, body: bytes | None
) -> Mapping[str, str]:
    """The headers that authenticate our requests: POST with a body, GET without."""
    method = "GET" if body is None else "POST"
    payload = f"{method} {target}\n".encode() + (body or b"")
    return {
        "superpay-request-id": request_id,
        "superpay-timestamp": str(timestamp),
        "superpay-signature": sign(key, request_id, timestamp, payload),
    }


def signature_problem(
    keys: tuple[bytes, ...], headers: Mapping[str, str], body: bytes, now_s: float
) -> str | None:
    """Reason the signature is invalid, or None. Compares in constant time
    against all active keys.
    """
    message_id = headers.get("webhook-id", "")
    stamp = headers.get("webhook-timestamp", "")
    signatures = headers.get("webhook-signature", "")
    if not (message_id and stamp and signatures):
        return "missing_headers"
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):  # noqa: PLR2004 - digits of a time
        return "bad_timestamp"
    if abs(now_s - int(stamp)) > TOLERANCE_S:
        return "timestamp_out_of_tolerance"
    offered = [signature.encode() for signature in signatures.split(" ")]
    expected = [sign(key, message_id, int(stamp), body).encode() for key in keys]
    matches = [hmac.compare_digest(signature, valid) for signature in offered for valid in expected]
    if not any(matches):
        return "bad_signature"
    return "bad_event_id" if len(message_id) > EVENT_ID_MAX else None
