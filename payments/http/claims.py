"""One Idempotency-Key for a request that consists of many operations."""

from sqlalchemy.ext.asyncio import AsyncEngine

from payments.http.auth import actor_of
from payments.http.follow_up import WAIT_MAX_S
from payments.http.operation_status import Decisions, Markers
from payments.http.services import HttpRequest, Time, service
from payments.kernel.errors import NotDecidedYet
from payments.kernel.ids import OperationId, derived_id
from payments.operations.claims import Claim, take
from payments.operations.outcome import Decision


async def claim_key(request: HttpRequest, key: str, *, kind: str, content: bytes) -> bool:
    """Reserve the key for this content; True when the request is an exact repeat.

    Raises 409 `idempotency_conflict` when the key was used for something else, and 409
    `not_decided_yet` while that is not known.
    """
    actor = actor_of(request)
    ids = [derived_id("key", name, key) for name in (actor.name, *actor.also)]
    for operation_id in ids:
        await _until_decided(request, operation_id)
    claim = Claim(operation_ids=ids, kind=kind, actor=actor.name, content=content)
    return not await take(service(request, AsyncEngine), claim, service(request, Time).now())


async def _until_decided(request: HttpRequest, operation_id: OperationId) -> None:
    """Wait for a single operation that was accepted under this key before."""
    marker = await service(request, Markers).find_marker(operation_id)  # type: ignore[type-abstract]
    if marker is None:
        return
    now = service(request, Time).now()
    decisions = service(request, Decisions)  # type: ignore[type-abstract]
    if not isinstance(await decisions.wait(operation_id, now, WAIT_MAX_S), Decision):
        raise NotDecidedYet(operation_id=str(operation_id))
