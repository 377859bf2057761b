"""What travels: the intent (what is wanted) inside an envelope (what the server knows)."""

import hashlib
from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

import msgspec

from payments.kernel.free_json import content_of
from payments.kernel.ids import OperationId

_DIGEST_BYTES: Final = 16
_PLAIN: Final = 1
VERSION: Final = 2
"""The newest version of an envelope that this release writes and reads (ADR 0051)."""


class Intent(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """Base of all intents: domain ids and minor units, never an actor and never an account id.

    `added` names the fields that release 0.1.0 does not know. It reads past an unknown field, so an
    intent that uses one of them travels in a form that 0.1.0 cannot read at all.
    """

    added: ClassVar[tuple[str, ...]] = ()
    free_json: ClassVar[tuple[str, ...]] = ()
    """Fields with JSON of the client's own: in what order its members stand is no content."""


class Envelope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An intent on its way: `digest` covers kind, actor and the intent's JSON; `reply_to` waits.

    `order`: entries of one partition that share it are decided in the order of the stream.
    """

    operation_id: UUID
    kind: str
    actor: str
    digest: bytes
    submitted_at: datetime
    body: msgspec.Raw
    reply_to: str = ""
    version: int = _PLAIN
    order: str = ""

    @property
    def intent(self) -> bytes:
        """The intent's JSON. From version 2 on `body` is a list that holds it."""
        return bytes(self.body) if self.version == _PLAIN else bytes(self.body)[1:-1]


class _Strict(Envelope, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An envelope of which nothing is read past."""


_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Envelope)
_STRICT: Final = msgspec.json.Decoder(_Strict)


def seal(
    operation_id: OperationId,
    kind: str,
    actor: str,
    intent: Intent,
    submitted_at: datetime,
    reply_to: str,
    *,
    order: str = "",
) -> Envelope:
    """Put an intent in its envelope. The digest tells a repeat from another request of that id."""
    body = _ENCODER.encode(intent)
    is_plain = not intent.added or msgspec.json.decode(body).keys().isdisjoint(intent.added)
    return Envelope(
        operation_id=operation_id,
        kind=kind,
        actor=actor,
        digest=digest_of(kind, actor, _content_of(intent) if intent.free_json else body),
        submitted_at=submitted_at,
        body=msgspec.Raw(body if is_plain else b"[%b]" % body),
        reply_to=reply_to,
        version=_PLAIN if is_plain else VERSION,
        order=order,
    )


def digest_of_intent(kind: str, actor: str, intent: Intent) -> bytes:
    """The digest of a request for this intent."""
    return digest_of(kind, actor, _content_of(intent))


def is_said_by(envelope: Envelope, digest: bytes) -> bool:
    """True when `digest` is of the same request.

    Release 0.1.0 made it of the intent's JSON as it stands, whatever the order of members.
    """
    return digest == envelope.digest or digest == digest_of(
        envelope.kind, envelope.actor, envelope.intent
    )


def _content_of(intent: Intent) -> bytes:
    """The intent's JSON, the members of a client's own JSON in one order."""
    read = {name: getattr(intent, name) for name in intent.free_json}
    sorted_ = {n: content_of(v) for n, v in read.items() if v is not msgspec.UNSET}
    return _ENCODER.encode(msgspec.structs.replace(intent, **sorted_))


def digest_of(kind: str, actor: str, body: bytes) -> bytes:
    """SHA-256, cut to 16 bytes, over kind, actor and the intent's JSON."""
    return hashlib.sha256(b"\x1f".join((kind.encode(), actor.encode(), body))).digest()[
        :_DIGEST_BYTES
    ]


def encode(envelope: Envelope) -> bytes:
    """The envelope as it stands in the stream."""
    return _ENCODER.encode(envelope)


def decode(payload: bytes) -> Envelope:
    """The envelope of a stream entry as far as it is known, to show it.

    Raises `msgspec.MsgspecError` or UnicodeDecodeError.
    """
    return _DECODER.decode(payload)


def decode_strictly(payload: bytes) -> Envelope:
    """The envelope of a stream entry, to apply it: an unknown field is an error as well."""
    return _STRICT.decode(payload)
