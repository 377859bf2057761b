"""Verification of the webhooks that the product sends (Standard Webhooks, HMAC-SHA256)."""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import Final

import msgspec

from payments_client.answers import Event
from payments_client.errors import BadWebhook

TOLERANCE_S: Final = 300
_PREFIX: Final = "whsec_"
_VERSION: Final = "v1,"


def verify(
    body: bytes,
    headers: Mapping[str, str],
    *secrets: str,
    now: float | None = None,
    tolerance_s: float = TOLERANCE_S,
) -> Event:
    """The event of a webhook whose signature is right.

    `body`: the raw bytes, before any parsing. `secrets`: `whsec_…` of the endpoint, the old one too
    while it is rotated. Raises `BadWebhook`. The same `event.id` may come more than once.
    """
    small = {name.lower(): value for name, value in headers.items()}
    id_, sent_at = small.get("webhook-id", ""), small.get("webhook-timestamp", "")
    if not id_ or not sent_at.isascii() or not sent_at.isdigit():
        raise BadWebhook("webhook-id or webhook-timestamp is missing or unreadable")
    now_s = time.time() if now is None else now
    if abs(now_s - int(sent_at)) > tolerance_s:
        raise BadWebhook(
            "webhook-timestamp is too old or in the future: a replay, or a wrong clock"
        )
    content = b".".join((id_.encode(), sent_at.encode(), body))
    expected = [hmac.digest(_key_of(secret), content, hashlib.sha256) for secret in secrets]
    signatures = _signatures(small.get("webhook-signature", ""))
    if not any(hmac.compare_digest(s, e) for s in signatures for e in expected):
        raise BadWebhook("webhook-signature does not match the body and any of the secrets")
    try:
        return msgspec.json.decode(body, type=Event)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadWebhook(f"the body is no event: {error}") from error


def _key_of(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("a webhook secret is whsec_ and base64") from error


def _signatures(header: str) -> list[bytes]:
    """Those of version 1; what is not base64 matches nothing."""
    found = []
    for word in header.split():
        if word.startswith(_VERSION):
            try:
                found.append(base64.b64decode(word.removeprefix(_VERSION), validate=True))
            except binascii.Error:
                continue
    return found
