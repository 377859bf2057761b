"""`GET /v1/operations`: where an operation stands, by its id or by the caller's key."""

from datetime import datetime
from typing import Annotated, Final, Protocol

import msgspec
import sqlalchemy as sa
from litestar import get
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.http.access import Access
from payments.http.auth import API_KEY, actor_of
from payments.http.caught_up import wait_for_accepted
from payments.http.idempotency import checked_key, id_of_key
from payments.http.operations import PARKED
from payments.http.prefer import WAIT_MAX_S
from payments.http.query import Query, read_query
from payments.http.reply import Reply, json_reply
from payments.http.scopes import ADMIN
from payments.http.services import HttpRequest, service
from payments.kernel.clock import rfc3339
from payments.kernel.errors import NotFound
from payments.kernel.ids import OperationId, parse_id
from payments.kernel.words import kind_of_operation, one_of
from payments.operations.acceptance import Acceptance
from payments.operations.atomic import parts_in
from payments.operations.envelope import decode
from payments.operations.outcome import Decision, Status
from payments.operations.outcomes import Parked
from payments.operations.tables import dead_letters

_DECODE_RESULT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_DECODE_ACCEPTANCE: Final = msgspec.json.Decoder(Acceptance).decode


class Decisions(Protocol):
    """Reads outcomes and waits for them; implemented by
    `payments.operations.results.OutcomeReader`.
    """

    async def find(self, operation_id: OperationId) -> Decision | None:
        """The stored outcome."""
        ...

    async def wait(
        self, operation_id: OperationId, submitted_at: datetime, timeout_s: float
    ) -> Decision | Parked | None:
        """Wait for the outcome; the content of the request is not compared."""
        ...


class Markers(Protocol):
    """Reads markers in Redis; implemented by `payments.operations.door.RedisDoor`."""

    async def find_marker(self, operation_id: OperationId) -> bytes | None:
        """The marker of an accepted operation."""
        ...

    async def find_whole(self, operation_id: OperationId) -> OperationId | None:
        """The bulk that a part or an item of this id would be of."""
        ...


class OperationStanding(msgspec.Struct, frozen=True, kw_only=True):
    """`status`: accepted (in the stream), applied, rejected (`reason`), or parked."""

    operation_id: str
    kind: Annotated[str, kind_of_operation()]
    status: Annotated[str, one_of(Status)]
    reason: str | None = None
    result: dict[str, msgspec.Raw] | None = None
    accepted_at: str
    decided_at: str | None = None
    detail: str | msgspec.UnsetType = msgspec.UNSET
    """What happens next to a parked operation."""


class StandingQuery(Query, frozen=True, kw_only=True):
    """`?wait=N`: wait up to N seconds for the decision."""

    wait: Annotated[int, msgspec.Meta(ge=0, le=WAIT_MAX_S)] = 0


class ByKeyQuery(Query, frozen=True, kw_only=True):
    """`?idempotency_key=`: the caller's own key."""

    idempotency_key: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


class OperationList(msgspec.Struct, frozen=True):
    """At most one operation: a key belongs to one."""

    items: list[OperationStanding]
    next_cursor: str | None = None


class OperationNotFound(NotFound):
    """There is no such operation."""

    code = "operation_not_found"


@get(
    "/v1/operations/{operation_id:str}",
    access=Access(
        API_KEY,
        "operations:read",
        query=StandingQuery,
        answers={200: OperationStanding},
        sees_accepted=False,  # it shows undecided operations too
    ),
)
async def get_operation(request: HttpRequest, operation_id: FromPath[str]) -> Reply:
    """Where an operation stands."""
    wait_s = read_query(request, StandingQuery).wait
    checked_id = parse_id(operation_id)
    actor_and_standing = None if checked_id is None else await standing(request, checked_id, wait_s)
    if actor_and_standing is None or not _may_see(request, actor_and_standing[0]):
        raise OperationNotFound
    return json_reply(actor_and_standing[1])


@get(
    "/v1/operations",
    access=Access(
        API_KEY,
        "operations:read",
        query=ByKeyQuery,
        answers={200: OperationList},
        sees_accepted=False,  # it shows undecided operations too
    ),
)
async def find_operation(request: HttpRequest) -> Reply:
    """The operation that the caller's Idempotency-Key started, for a caller who lost the response.

    An empty list: no request with this key was accepted so far, and it is safe to send it again.
    """
    key = checked_key(read_query(request, ByKeyQuery).idempotency_key)
    actor = actor_of(request)
    for name in (actor.name, *actor.also):
        actor_and_standing = await standing(request, id_of_key(name, key))
        if actor_and_standing is not None:
            return json_reply(OperationList([actor_and_standing[1]]))
    return json_reply(OperationList([]))


async def standing(
    request: HttpRequest, operation_id: OperationId, wait_s: float = 0
) -> tuple[str, OperationStanding] | None:
    """An operation's actor and standing; None when no such operation was accepted."""
    decisions = service(request, Decisions)  # type: ignore[type-abstract]
    decision = await decisions.find(operation_id)
    if decision is not None:
        return _decided(decision)
    markers = service(request, Markers)  # type: ignore[type-abstract]
    marker = await markers.find_marker(operation_id)
    acceptance = None if marker is None else _DECODE_ACCEPTANCE(marker)
    later = None
    if acceptance is not None and wait_s > 0:
        later = await decisions.wait(operation_id, acceptance.accepted_at, wait_s)
    if isinstance(later, Decision):
        return _decided(later)
    if acceptance is not None and later is None:
        return acceptance.actor, OperationStanding(
            operation_id=str(operation_id),
            kind=acceptance.kind,
            status=Status.ACCEPTED.value,
            accepted_at=rfc3339(acceptance.accepted_at),
        )
    engine = service(request, AsyncEngine)
    parked = await _parked(engine, operation_id)
    if parked is None and (whole_id := await markers.find_whole(operation_id)) is not None:
        parked = await _parked(engine, whole_id, part_id=operation_id)
    if parked is not None:
        return parked
    # A marker goes away with the decision.
    await wait_for_accepted(request)
    decision = await decisions.find(operation_id)
    return None if decision is None else _decided(decision)


def _may_see(request: HttpRequest, owner: str) -> bool:
    actor = actor_of(request)
    return actor.owns(owner) or actor.may(ADMIN)


def _decided(decision: Decision) -> tuple[str, OperationStanding]:
    return decision.actor, OperationStanding(
        operation_id=str(decision.operation_id),
        kind=decision.kind,
        status=decision.status,
        reason=decision.reason,
        result=_DECODE_RESULT(decision.result),
        accepted_at=rfc3339(decision.accepted_at),
        decided_at=rfc3339(decision.decided_at),
    )


async def _parked(
    engine: AsyncEngine, operation_id: OperationId, *, part_id: OperationId | None = None
) -> tuple[str, OperationStanding] | None:
    """The standing of a parked operation, or of a part of it."""
    letters = dead_letters.c
    is_parked = (
        (letters.operation_id == operation_id)
        & (letters.state == "parked")
        & (letters.stream == "intents")
    )
    query = (
        sa.select(letters.payload, letters.parked_at, letters.kind)
        .where(is_parked)
        .order_by(letters.id.desc())
        .limit(1)
    )
    async with engine.connect() as connection:
        row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    actor, accepted_at = _sender(row.payload, row.parked_at)
    kind = (row.kind or "") if part_id is None else _kind_of_part(row.payload, part_id)
    if kind is None:
        return None
    return actor, OperationStanding(
        operation_id=str(part_id or operation_id),
        kind=kind,
        status=Status.PARKED.value,
        accepted_at=rfc3339(accepted_at),
        detail=PARKED,
    )


def _sender(payload: bytes, parked_at: datetime) -> tuple[str, datetime]:
    try:
        envelope = decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return "", parked_at  # unreadable: only an administrator may see it
    return envelope.actor, envelope.submitted_at


def _kind_of_part(payload: bytes, part_id: OperationId) -> str | None:
    try:
        parts = parts_in(decode(payload))
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return next((part.kind for part in parts if part.operation_id == part_id), None)


HANDLERS: Final = (get_operation, find_operation)
