"""Outcomes of an operation: applied or refused; stored, and repeated for every retry."""

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
    """How far an operation has got."""

    ACCEPTED = "accepted"
    """Durable in the stream, not decided yet."""
    APPLIED = "applied"
    REJECTED = "rejected"
    """Decided: refused with a reason."""
    PARKED = "parked"
    """A dead letter that an operator has to handle."""


class Result(msgspec.Struct, frozen=True, gc=False):
    """Base of the data in an outcome: stored as JSON permanently and answered field by field.

    `status` is always the operation's; a thing's own status is called `<noun>_status`.
    """


class Refusal(msgspec.Struct, frozen=True):
    """Why an operation is refused; `code` is stored and known to clients, so it never changes.

    `sentence` tells people in `detail` what is wrong and what to do next. `is_transient`: a new
    operation may succeed later. `carries`: type of the result stored with it.
    """

    code: str
    http_status: int
    sentence: str
    is_transient: bool = False
    carries: type[Result] | None = None

    def carrying(self, result: type[Result]) -> Self:
        """The same refusal, declared with the result an operation stores with it."""
        return msgspec.structs.replace(self, carries=result)


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """A call to an outside system that an applied operation requests; retried
    until acknowledged.
    """

    kind: str
    body: Mapping[str, Any]


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What the transaction of an operation says beside its postings."""

    reference: str | None = None
    description: str | None = None
    metadata: msgspec.Raw | None = None
    effective_at: datetime | None = None
    reversal_of: UUID | None = None


class Applied(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The operation succeeds. `result` is what the client sees; `puts` are rows made or changed.

    `overdrafts`: new limits in minor units. `forces`: accounts that the legs may take below theirs.
    """

    result: Result
    legs: tuple[Leg, ...] = ()
    reserves: tuple[Reserve, ...] = ()
    puts: tuple[Record, ...] = ()
    opens: tuple[AccountSpec, ...] = ()
    statuses: tuple[tuple[AccountId, AccountStatus], ...] = ()
    overdrafts: tuple[tuple[AccountId, int], ...] = ()
    forces: tuple[AccountId, ...] = ()
    effects: tuple[Effect, ...] = ()
    about: About | None = None


class Refused(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The operation is refused. No money moves; `puts` may still record the attempt."""

    refusal: Refusal
    result: Result | None = None
    puts: tuple[Record, ...] = ()


Outcome = Applied | Refused


class Decision(msgspec.Struct, frozen=True, gc=False):
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
