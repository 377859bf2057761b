"""Accepting a webhook: the sender's own id decides whether it is new; other content is evidence.

What this process has put into the stream and may not be decided yet is remembered, so that other
content under its id is refused without being appended. What another process accepted is found by
the ledger: the request waits for its word.
"""

from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.http.services import HttpRequest, Time, service
from payments.kernel.clock import monotonic_s
from payments.kernel.errors import Conflict, UnknownFate
from payments.operations.batch import CONFLICT
from payments.operations.conflicts import record_conflict
from payments.operations.envelope import digest_of_intent
from payments.operations.submit import Request, Submitter, Ticket

_REMEMBERED_MAX: Final = 100_000
_REMEMBERED_S: Final = 600.0


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """The content that was accepted under an id."""

    digest: bytes
    until_s: float


class RecentlyAccepted(dict[object, Accepted]):
    """Contents this process accepted, by operation id; each for ten minutes at most."""

    def note(self, operation_id: object, digest: bytes) -> None:
        """Remember one; all are forgotten when they are too many."""
        if len(self) >= _REMEMBERED_MAX:
            self.clear()
        self.setdefault(operation_id, Accepted(digest, monotonic_s() + _REMEMBERED_S))

    def is_other(self, operation_id: object, digest: bytes) -> bool:
        """True when other content was accepted under the id."""
        known = self.get(operation_id)
        return known is not None and known.digest != digest and known.until_s > monotonic_s()


def content_of(request: Request) -> bytes:
    """The digest that tells contents apart."""
    return digest_of_intent(request.operation.kind, request.actor, request.intent)


async def accept_once(
    request: HttpRequest, wanted: Request, conflict: type[Conflict], wait_s: float
) -> Ticket:
    """Make it durable, or find it known.

    Raises `conflict`, on record, when the id has other content; `UnknownFate` when it may have and
    the ledger did not say so in time: the sender sends it again.
    """
    digest, recent = content_of(wanted), service(request, RecentlyAccepted)
    if recent.is_other(wanted.operation_id, digest):
        await record_conflict(service(request, AsyncEngine), service(request, Time).now, wanted)
        raise conflict(operation_id=str(wanted.operation_id))
    try:
        ticket = await service(request, Submitter)(wanted, wait_s)
    except Conflict as error:
        if error.code != CONFLICT:
            raise
        raise conflict(operation_id=str(wanted.operation_id)) from error
    if ticket.is_doubtful:
        raise UnknownFate(operation_id=str(wanted.operation_id))
    recent.note(wanted.operation_id, digest)
    return ticket
