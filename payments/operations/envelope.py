"""The message in the stream: an intent (what is requested) in an envelope (what
the server adds).
"""

import hashlib
from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

import msgspec

from payments.kernel import tracing
from payments.kernel.free_json import content_of
from payments.kernel.ids import OperationId

_DIGEST_BYTES: Final = 16
_PLAIN: Final = 1
VERSION: Final = 2
"""Newest envelope version that this release writes and reads (ADR 0051)."""


class Intent(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    gc=False,
):
    """Base of all intents: domain ids and minor units, never an actor or account id.

    `added` names the fields that release 0.1.0 does not know. It ignores unknown fields, so an
    intent that uses one of them is sent in a form that 0.1.0 cannot read at all.
    """

    added: ClassVar[tuple[str, ...]] = ()
    free_json: ClassVar[tuple[str, ...]] = ()
    """Fields with free-form JSON of the client: the order of members is not part of the content."""
    content_field: ClassVar[str] = ""
    """The field that stands for the content where the intent's JSON does not."""


class Envelope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An intent in the stream. `digest` covers kind, actor and the intent's JSON.

    `reply_to`: the channel of a waiting caller. `order`: entries of one partition that share it are
    decided in stream order. `traceparent`: the trace of the request, when there is one; 0.1.0
    ignores it.
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
    traceparent: str = ""

    @property
    def intent(self) -> bytes:
        """The intent's JSON. From version 2 on `body` is a list that contains it."""
        return bytes(self.body) if self.version == _PLAIN else bytes(self.body)[1:-1]


class _Strict(Envelope, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An envelope without unknown fields."""


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
    """Put an intent in an envelope. Its digest distinguishes a retry from another request of that
    id.
    """
    body = _ENCODER.encode(intent)
    is_plain = not intent.added or msgspec.json.decode(body).keys().isdisjoint(intent.added)
    return Envelope(
        operation_id=operation_id,
        kind=kind,
        actor=actor,
        digest=digest_of(kind, actor, _content_of(intent, body)),
        submitted_at=submitted_at,
        body=msgspec.Raw(body if is_plain else b"[%b]" % body),
        reply_to=reply_to,
        version=_PLAIN if is_plain else VERSION,
        order=order,
        traceparent=tracing.current(),
    )


def digest_of_intent(kind: str, actor: str, intent: Intent) -> bytes:
    """The digest of a request for this intent."""
    return digest_of(kind, actor, _content_of(intent, None))


def is_said_by(envelope: Envelope, digest: bytes) -> bool:
    """True when `digest` belongs to the same request.

    Release 0.1.0 computed it from the intent's JSON as sent, with members in any order.
    """
    return digest == envelope.digest or digest == digest_of(
        envelope.kind, envelope.actor, envelope.intent
    )


def _content_of(intent: Intent, body: bytes | None) -> bytes:
    """The content field, or the intent's JSON (`body`) with members of free-form JSON sorted."""
    if intent.content_field and (content := getattr(intent, intent.content_field)):
        return str(content).encode()
    if not intent.free_json:
        return _ENCODER.encode(intent) if body is None else body
    values = {name: getattr(intent, name) for name in intent.free_json}
    sorted_ = {n: content_of(v) for n, v in values.items() if v is not msgspec.UNSET}
    return _ENCODER.encode(msgspec.structs.replace(intent, **sorted_))


def digest_of(kind: str, actor: str, body: bytes) -> bytes:
    """SHA-256 over kind, actor and the intent's JSON, cut to 16 bytes."""
    return hashlib.sha256(b"\x1f".join((kind.encode(), actor.encode(), body))).digest()[
        :_DIGEST_BYTES
    ]


def encode(envelope: Envelope) -> bytes:
    """The envelope as stored in the stream."""
    return _ENCODER.encode(envelope)


def decode(payload: bytes) -> Envelope:
    """The envelope of a stream entry for display; unknown fields are ignored.

    Raises `msgspec.MsgspecError` or UnicodeDecodeError.
    """
    return _DECODER.decode(payload)


def decode_strictly(payload: bytes) -> Envelope:
    """The envelope of a stream entry to apply; an unknown field is an error."""
    return _STRICT.decode(payload)
