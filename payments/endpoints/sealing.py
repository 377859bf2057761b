"""Secrets of endpoints at rest, and the signatures made with them."""

import base64
import hashlib
import os
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from standardwebhooks.webhooks import Webhook

_PREFIX: Final = "whsec_"
_BYTES: Final = 32
_DEVELOPMENT: Final = "development"


class Unsealable(Exception):
    """The secret was sealed with another PAYMENTS_WEBHOOK_ENCRYPTION_KEY."""


class Seal:
    """Encrypts secrets with the newest of the keys, reads with any of them."""

    def __init__(self, keys: str) -> None:
        """`keys`: one, or the new and the old with a comma between; none in development."""
        texts = [text.strip() for text in keys.split(",") if text.strip()] or [_DEVELOPMENT]
        self._fernet = MultiFernet([Fernet(_key(text)) for text in texts])

    def close(self, secret: str) -> bytes:
        """The secret as it is stored."""
        return self._fernet.encrypt(secret.encode())

    def open(self, sealed: bytes) -> str:
        """The secret. Raises `Unsealable`."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            raise Unsealable from None


def _key(text: str) -> bytes:
    return base64.urlsafe_b64encode(hashlib.sha256(b"webhook secrets:" + text.encode()).digest())


def new_endpoint_secret() -> str:
    """A secret in the form of Standard Webhooks."""
    return _PREFIX + base64.b64encode(os.urandom(_BYTES)).decode()


def headers(secrets: Sequence[str], event_id: str, body: str, now: datetime) -> dict[str, str]:
    """The headers of a delivery, signed with every live secret."""
    signatures = [Webhook(secret).sign(event_id, now, body) for secret in secrets]
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
