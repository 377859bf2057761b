"""Accepts a webhook once per id of the sender; other content under a known id is recorded.

The process remembers what it appended to the stream and may not be decided yet, so that other
content under the same id is refused without being appended. Conflicts with what other processes
accepted are detected by the ledger; the request waits for its decision.
"""

from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.http.services import HttpRequest, Time, service
from payments.kernel.clock import monotonic_s
from payments.kernel.errors import Conflict, UnknownFate
from payments.operations.conflicts import record_conflict
from payments.operations.envelope import digest_of_intent
from payments.operations.outcomes import CONFLICT
from payments.operations.submit import Request, Submitter, Ticket

_REMEMBERED_MAX: Final = 100_000
_REMEMBERED_S: Final = 600.0


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """The content that was accepted under an id."""

    digest: bytes
    until_s: float


class RecentlyAccepted(dict[object, Accepted]):
    """Contents that this process accepted, by operation id, for at most ten minutes."""

    def note(self, operation_id: object, digest: bytes) -> None:
        """Remember a digest; the cache is cleared when it is full."""
        if len(self) >= _REMEMBERED_MAX:
            self.clear()
        self.setdefault(operation_id, Accepted(digest, monotonic_s() + _REMEMBERED_S))

    def is_other(self, operation_id: object, digest: bytes) -> bool:
        """True when other content was accepted under this id."""
        known = self.get(operation_id)
        return known is not None and known.digest != digest and known.until_s > monotonic_s()


def content_of(request: Request) -> bytes:
    """The digest of the content."""
    return digest_of_intent(request.operation.kind, request.actor, request.intent)


async def accept_once(
    request: HttpRequest, operation: Request, conflict: type[Conflict], wait_s: float
) -> Ticket:
    """Append the webhook's operation to the stream, or find its earlier acceptance.

    Raises `conflict`, and records it, when the id has other content. Raises `UnknownFate` when the
    ledger did not decide in time whether it has; the sender repeats the webhook.
    """
    digest, recent = content_of(operation), service(request, RecentlyAccepted)
    if recent.is_other(operation.operation_id, digest):
        await record_conflict(service(request, AsyncEngine), service(request, Time).now, operation)
        raise conflict(operation_id=str(operation.operation_id))
    try:
        ticket = await service(request, Submitter)(operation, wait_s)
    except Conflict as error:
        if error.code != CONFLICT:
            raise
        raise conflict(operation_id=str(operation.operation_id)) from error
    if ticket.is_doubtful:
        raise UnknownFate(operation_id=str(operation.operation_id))
    recent.note(operation.operation_id, digest)
    return ticket
