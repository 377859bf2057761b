"""A reversal, capture or cancellation waits until the operation it refers to is decided."""

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
    """Call `look`; if it finds nothing and `operation_id` is not decided yet, wait and call it
    again.

    A write waits at most a second; a read has waited already in the guard. Raises the NotFound of
    `look` when there is no such operation, and 409 `not_decided_yet` on timeout.
    """
    try:
        return await look()
    except NotFound:
        if operation_id is None:
            raise
        wait_s = 0 if request.method in _READS else WAIT_MAX_S
        operation = await standing(request, operation_id, wait_s)
        if operation is None:
            raise
    if operation[1].status in _UNDECIDED:
        raise NotDecidedYet(operation_id=str(operation_id))
    return await look()
