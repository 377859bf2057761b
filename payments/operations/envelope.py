"""What travels: the intent (what is wanted) inside an envelope (what the server knows)."""

import hashlib
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from payments.kernel.ids import OperationId

_DIGEST_BYTES: Final = 16


class Intent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all intents: domain ids and minor units, never an actor and never an account id."""


class Envelope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An intent on its way: `digest` covers kind, actor, `body` (JSON); `reply_to` waits."""

    operation_id: UUID
    kind: str
    actor: str
    digest: bytes
    submitted_at: datetime
    body: msgspec.Raw
    reply_to: str = ""


_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Envelope)


def seal(
    operation_id: OperationId,
    kind: str,
    actor: str,
    intent: Intent,
    submitted_at: datetime,
    reply_to: str,
) -> Envelope:
    """Put an intent in its envelope. The digest tells a repeat from another request of that id."""
    body = _ENCODER.encode(intent)
    return Envelope(
        operation_id=operation_id,
        kind=kind,
        actor=actor,
        digest=digest_of(kind, actor, body),
        submitted_at=submitted_at,
        body=msgspec.Raw(body),
        reply_to=reply_to,
    )


def digest_of(kind: str, actor: str, body: bytes) -> bytes:
    """SHA-256, cut to 16 bytes, over kind, actor and the intent's JSON."""
    return hashlib.sha256(b"\x1f".join((kind.encode(), actor.encode(), body))).digest()[
        :_DIGEST_BYTES
    ]


def encode(envelope: Envelope) -> bytes:
    """The envelope as it stands in the stream."""
    return _ENCODER.encode(envelope)


def decode(payload: bytes) -> Envelope:
    """The envelope of a stream entry. Raises `msgspec.MsgspecError` or UnicodeDecodeError."""
    return _DECODER.decode(payload)
