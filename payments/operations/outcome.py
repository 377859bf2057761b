"""How an operation ends: applied, or refused with a reason; stored, and told to every repeat."""

import enum
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from payments.ledger.chart import AccountSpec
from payments.ledger.posting import Leg, Reserve
from payments.operations.record import Record


class Status(enum.Enum):
    """Where an operation stands."""

    ACCEPTED = "accepted"
    """Durable in the stream, not decided yet."""
    APPLIED = "applied"
    REJECTED = "rejected"
    """Decided: refused, with a reason."""
    PARKED = "parked"
    """A dead letter; an operator has it."""


class Reason(enum.Enum):
    """Base of the refusals of a capability: an enum in order of precedence, `code, http status`.

    A code lives in the database and in clients for ever. `transient` says whether a new operation
    may succeed later.
    """

    def __init__(self, code: str, http_status: int = 409, transient: bool = False) -> None:  # noqa: FBT001, FBT002 - members are tuples
        """Members are written as tuples."""
        self.code = code
        self.http_status = http_status
        self.transient = transient


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """A call to the outside that an applied operation asks for; repeated until acknowledged."""

    kind: str
    body: Mapping[str, Any]


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """The operation succeeds. `result` is what the client sees; `puts` are rows made or changed."""

    result: Mapping[str, Any]
    legs: tuple[Leg, ...] = ()
    reserves: tuple[Reserve, ...] = ()
    puts: tuple[Record, ...] = ()
    opens: tuple[AccountSpec, ...] = ()
    freezes: tuple[tuple[int, bool], ...] = ()
    effects: tuple[Effect, ...] = ()


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """The operation is refused. No money moves; `puts` may still record that it was tried."""

    reason: Reason
    result: Mapping[str, Any] = {}
    puts: tuple[Record, ...] = ()


Outcome = Applied | Refused


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A stored outcome: the row of `operations`. `result` and `effects` are JSON."""

    operation_id: UUID
    kind: str
    digest: bytes
    actor: str
    status: str
    reason: str | None
    result: str
    effects: str | None
    accepted_at: datetime
    decided_at: datetime
