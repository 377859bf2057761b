"""What follows an operation (a reversal, a capture, a cancellation) is decided after it."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from payments.http.operation_status import standing
from payments.http.services import HttpRequest
from payments.kernel.errors import NotDecidedYet, NotFound
from payments.kernel.ids import OperationId
from payments.operations.outcome import Status

WAIT_MAX_S: Final = 1.0
_UNDECIDED: Final = {Status.ACCEPTED.value, Status.PARKED.value}
_READS: Final = {"GET", "HEAD"}

T = TypeVar("T")


async def existing(
    request: HttpRequest, operation_id: OperationId | None, look: Callable[[], Awaitable[T]]
) -> T:
    """What `look` finds; when the operation that makes it is accepted only, after its decision.

    A follow-up waits a second for it; a read has waited already. Raises what `look` raises when
    there is no such operation, and 409 `not_decided_yet`.
    """
    try:
        return await look()
    except NotFound:
        if operation_id is None:
            raise
        wait_s = 0 if request.method in _READS else WAIT_MAX_S
        found = await standing(request, operation_id, wait_s)
        if found is None:
            raise
    if found[1].status in _UNDECIDED:
        raise NotDecidedYet(operation_id=str(operation_id))
    return await look()
