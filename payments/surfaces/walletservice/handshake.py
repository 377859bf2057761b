"""Handshakes: 64 hex digits that determine the operation id; they are not stored.

The operation id is a digest of service, user and handshake. So a handshake finds only the operation
it was made for; with another user, or at the other service, it gives an id that does not exist.
Any API process can answer, also after a restart, and the database reveals no handshake.
"""

import enum
import hashlib
import re
from typing import Final

import msgspec

from payments.kernel.ids import OperationId, new_id, new_secret, timed_id

_SEPARATOR: Final = b"\x1f"
_TIME_BYTES: Final = 6
_RANDOM_BYTES: Final = 16
_HANDSHAKE: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Service(enum.Enum):
    """The service that a handshake belongs to."""

    WALLET = "wallet"
    TRANSACTION = "transaction"


class Handshake(msgspec.Struct, frozen=True):
    """The text for the client, and the operation id. Its repr hides the text."""

    text: str
    operation_id: OperationId

    def __repr__(self) -> str:
        return f"Handshake({self.operation_id})"


def new_handshake(service: Service, user_id: int | None) -> Handshake:
    """A handshake of 202 random bits after the time, which keeps operation ids in order."""
    random = hashlib.sha256(new_secret().encode()).digest()[:_RANDOM_BYTES]
    text = (new_id().bytes + random).hex()
    return Handshake(text, _operation_id(service, user_id, text))


def keyed_handshake(service: Service, user_id: int | None, actor: str, key: str) -> Handshake:
    """A handshake derived from caller, user and Idempotency-Key; as hard to guess as the key."""
    parts = (service.value, actor, _user(user_id), key)
    text = hashlib.sha256(_SEPARATOR.join(p.encode() for p in parts)).hexdigest()
    return Handshake(text, _operation_id(service, user_id, text))


def find_operation(service: Service, user_id: int | None, text: str) -> OperationId | None:
    """The operation id of a handshake; None when the text is not a handshake."""
    return _operation_id(service, user_id, text) if _HANDSHAKE.fullmatch(text) else None


def _operation_id(service: Service, user_id: int | None, text: str) -> OperationId:
    raw = bytes.fromhex(text)
    parts = (b"handshake", service.value.encode(), _user(user_id).encode(), raw)
    return timed_id(
        int.from_bytes(raw[:_TIME_BYTES]), hashlib.sha256(_SEPARATOR.join(parts)).digest()
    )


def _user(user_id: int | None) -> str:
    return "" if user_id is None else str(user_id)
