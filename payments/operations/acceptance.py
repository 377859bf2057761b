"""What is known of an operation between its acceptance and its decision."""

from collections.abc import Sequence
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


Mark = tuple[str, bytes]
"""An operation id and its marker."""


class Door(Protocol):
    """The stream as seen by the submitter. Implemented in `payments.operations.door`."""

    async def append(
        self,
        partition_key: int | str,
        operation_id: OperationId,
        payload: bytes,
        marker: bytes,
        items: Sequence[Mark] = (),
    ) -> bytes | None:
        """Make the entry durable; returns an earlier marker of that id. Raises `Unavailable`.

        `items`: the markers of a bulk's items.
        """
        ...

    async def find_marker(self, operation_id: OperationId) -> bytes | None:
        """The marker of an accepted operation, in any partition."""
        ...


def marker_of(envelope: Envelope) -> bytes:
    """The marker kept beside the stream from acceptance to decision."""
    return msgspec.json.encode(
        Acceptance(envelope.digest, envelope.kind, envelope.submitted_at, envelope.actor)
    )


def marker_of_item(whole: Envelope, kind: str, digest: bytes) -> bytes:
    """The same for an item of a bulk."""
    return msgspec.json.encode(Acceptance(digest, kind, whole.submitted_at, whole.actor))
