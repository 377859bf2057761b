"""Outcomes as the submitter sees them: stored ones and future ones."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Final, Protocol, runtime_checkable
from uuid import UUID

import msgspec

from payments.kernel.errors import Conflict
from payments.kernel.ids import OperationId
from payments.operations.envelope import Envelope
from payments.operations.outcome import Decision


class Parked(msgspec.Struct, frozen=True):
    """Stands for an outcome: the entry of an operation became a dead letter."""


PARKED: Final = Parked()


class PartOutcome(msgspec.Struct, frozen=True, array_like=True):
    """What became of an item of a bulk: its status and reason, and its result as JSON."""

    status: str
    reason: str | None
    result: msgspec.Raw


CONFLICTS: Final = "conflict"
"""The status of an item whose own key was used with other content."""


@runtime_checkable
class StoredOutcomes(Protocol):
    """Stored outcomes, many in one query. Implemented in `payments.operations.results`."""

    async def read(self, ids: Sequence[UUID]) -> dict[int, Decision]:
        """Stored outcomes by the integer of their id. Raises `Unavailable`."""
        ...

    async def read_parked(self, ids: Sequence[UUID]) -> list[Envelope]:
        """The parked entries of these ids. Raises `Unavailable`."""
        ...


class Outcomes(Protocol):
    """Stored and future outcomes. Implemented in `payments.operations.results`."""

    reply_to: str

    async def find(self, operation_id: OperationId) -> Decision | None:
        """The stored outcome, or None."""
        ...

    async def find_parked(self, operation_id: OperationId) -> Envelope | None:
        """The parked entry of this id."""
        ...

    def expect(
        self, operation_id: OperationId, digest: bytes, submitted_at: datetime
    ) -> AbstractContextManager["Coming"]:
        """Listen for the outcome until the context is left."""
        ...


class Coming(Protocol):
    """A future outcome."""

    @property
    def parts(self) -> Sequence[PartOutcome] | None:
        """What became of the items of a bulk, when that was pushed."""
        ...

    async def within(self, timeout_s: float) -> Decision | Parked | None:
        """The outcome, or None after the timeout. Raises `Conflict` when the id
        has other content.
        """
        ...


CONFLICT: Final = "idempotency_conflict"


def conflict(operation_id: OperationId) -> Conflict:
    """The error for an id that was used with other content."""
    return Conflict(
        "This Idempotency-Key was used before with another body. "
        "Send the first body again, or choose a new key.",
        code=CONFLICT,
        operation_id=str(operation_id),
    )
