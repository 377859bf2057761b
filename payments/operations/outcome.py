"""How an operation ends: applied, or refused; stored, and answered again to every repeat."""

import enum
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self
from uuid import UUID

import msgspec

from payments.kernel.ids import AccountId
from payments.ledger.chart import AccountSpec, AccountStatus
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


class Result(msgspec.Struct, frozen=True):
    """Base of what an outcome says: stored as JSON for ever and answered field by field.

    `status` is always the operation's; a thing's own status is called `<noun>_status`.
    """


class Refusal(msgspec.Struct, frozen=True):
    """Why an operation is refused; `code` lives in the database and in clients for ever.

    `sentence` says what is wrong and what to do next, for people who read `detail`.
    `is_transient`: a new operation may succeed later. `carries`: the result stored with it.
    """

    code: str
    http_status: int
    sentence: str
    is_transient: bool = False
    carries: type[Result] | None = None

    def carrying(self, result: type[Result]) -> Self:
        """The same refusal, as an operation declares it that stores a result with it."""
        return msgspec.structs.replace(self, carries=result)


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """A call to the outside that an applied operation asks for; repeated until acknowledged."""

    kind: str
    body: Mapping[str, Any]


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What the transaction of an operation says beside its postings."""

    reference: str | None = None
    description: str | None = None
    metadata: msgspec.Raw | None = None
    effective_at: datetime | None = None
    reversal_of: UUID | None = None


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """The operation succeeds. `result` is what the client sees; `puts` are rows made or changed."""

    result: Result
    legs: tuple[Leg, ...] = ()
    reserves: tuple[Reserve, ...] = ()
    puts: tuple[Record, ...] = ()
    opens: tuple[AccountSpec, ...] = ()
    statuses: tuple[tuple[AccountId, AccountStatus], ...] = ()
    effects: tuple[Effect, ...] = ()
    about: About | None = None


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """The operation is refused. No money moves; `puts` may still record that it was tried."""

    refusal: Refusal
    result: Result | None = None
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
