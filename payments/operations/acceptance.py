"""What is known of an operation between its acceptance and its decision."""

from datetime import datetime
from typing import Protocol

import msgspec

from payments.kernel.ids import OperationId
from payments.operations.envelope import Envelope


class Acceptance(msgspec.Struct, frozen=True):
    """The marker beside the stream: what is known of an operation id before it is decided."""

    digest: bytes
    kind: str
    accepted_at: datetime
    actor: str = ""


class Door(Protocol):
    """The stream as seen by the submitter. Implemented in `payments.operations.door`."""

    async def append(
        self, partition_key: int | str, operation_id: OperationId, payload: bytes, marker: bytes
    ) -> bytes | None:
        """Make the entry durable; returns an earlier marker of that id. Raises `Unavailable`."""
        ...

    async def find_marker(self, operation_id: OperationId) -> bytes | None:
        """The marker of an accepted operation, in any partition."""
        ...


def marker_of(envelope: Envelope) -> bytes:
    """The marker kept beside the stream from acceptance to decision."""
    return msgspec.json.encode(
        Acceptance(envelope.digest, envelope.kind, envelope.submitted_at, envelope.actor)
    )
