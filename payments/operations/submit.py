"""The only way to submit an intent: it gets its id, and is durable before
`accepted` is answered.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

import msgspec

from payments.kernel import tracing
from payments.kernel.clock import Clock
from payments.kernel.errors import Unavailable, UnknownFate
from payments.kernel.ids import OperationId, derived_id, new_id
from payments.operations import metrics
from payments.operations.acceptance import (
    NO_ITEMS,
    Acceptance,
    BulkItems,
    Door,
    beside_of,
    marker_of,
)
from payments.operations.earlier import LEDGER_WAIT_S, EarlierId, EarlierIds
from payments.operations.envelope import Envelope, Intent, encode, is_said_by, seal
from payments.operations.operation import IntentT, Operation
from payments.operations.outcome import Decision
from payments.operations.outcomes import Coming, Outcomes, Parked, PartOutcome, conflict


class Request(msgspec.Struct, frozen=True):
    """A requested operation; `operation_id` is derived from a caller's key, or new."""

    operation: Operation[Any]
    intent: Intent
    actor: str
    operation_id: OperationId
    is_keyed: bool
    """True when the id was derived, so it may be known already."""
    earlier: tuple[EarlierId, ...] = ()
    """Looked up first: a request sent under one of these ids is answered again,
    not executed again.
    """
    items: BulkItems = NO_ITEMS
    """Of a bulk; they exist as soon as it is accepted."""
    order: int | str | None = None
    """Requests that share it are decided in the order of acceptance; None: as the kind defines."""

    @property
    def partition_key(self) -> int | str:
        """The key that selects the partition."""
        return self.operation.partition_key(self.intent) if self.order is None else self.order


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """The result of accepting: `decision` if decided, `is_replay` if known before.

    `parts`: what became of a bulk's items, when that was pushed.
    `is_parked`: it could not be applied; an operator has to handle it.
    """

    operation_id: OperationId
    kind: str
    accepted_at: datetime
    decision: Decision | None = None
    parts: Sequence[PartOutcome] | None = None
    is_replay: bool = False
    is_parked: bool = False
    is_doubtful: bool = False


class _Sealed(msgspec.Struct, frozen=True):
    """A request that is to be appended."""

    request: Request
    envelope: Envelope


async def _ready(answer: Ticket | BaseException) -> Ticket:
    """An answer that is there already."""
    if isinstance(answer, BaseException):
        raise answer
    return answer


def keyed(
    operation: Operation[IntentT],
    intent: IntentT,
    *,
    actor: str,
    key: str,
    scope: str = "key",
    also: Sequence[str] = (),
) -> Request:
    """A request whose id is derived from caller, key and `scope`; scopes separate kinds of keys.

    `also`: names under which 0.1.0 knew the same caller.
    """
    earlier = tuple(EarlierId(name, derived_id(scope, name, key)) for name in also)
    return Request(operation, intent, actor, derived_id(scope, actor, key), True, earlier)


def fresh(operation: Operation[IntentT], intent: IntentT, *, actor: str) -> Request:
    """A request with a new id: each one is a separate operation."""
    return Request(operation, intent, actor, new_id(), False)


class Submitter:
    """Accepts requests. With `wait_s` > 0 it waits that long for the outcome.

    `looks_first`: whether a keyed request is looked up before it is appended. Jobs and effects,
    which often repeat what is decided, keep it out of the stream so. A client's request hardly
    ever is a repeat: it is appended at once, and the consumer finds the earlier outcome.
    """

    looks_first = True

    def __init__(self, door: Door, outcomes: Outcomes, clock: Clock) -> None:
        """One instance per process."""
        self._door = door
        self._outcomes = outcomes
        self._clock = clock
        self._earlier = EarlierIds(door, outcomes)

    async def __call__(self, request: Request, wait_s: float = 0) -> Ticket:
        """Accept one request.

        Raises `Conflict` (the id is known with other content), `Unavailable` (nothing was accepted)
        or `UnknownFate` (the reply of the stream was lost: query the operation id, or send the same
        request again).
        """
        found = await self._look(request, wait_s)
        return found if isinstance(found, Ticket) else await self._put(found, wait_s)

    async def _look(self, request: Request, wait_s: float) -> "Ticket | _Sealed":
        """What was decided before, or the request in its envelope."""
        if request.earlier:
            request = await self.as_asked_first(request)
        envelope = seal(
            request.operation_id,
            request.operation.kind,
            request.actor,
            request.intent,
            self._clock(),
            self._outcomes.reply_to if wait_s > 0 else "",
            order=str(request.partition_key),
        )
        if request.is_keyed and self.looks_first:
            decision = await self._outcomes.find(request.operation_id)
            if decision is not None:
                return _replay(decision, envelope)
        return _Sealed(request, envelope)

    async def _put(self, sealed: "_Sealed", wait_s: float) -> Ticket:
        """Append it. Nothing is awaited before that, so calls append in their order."""
        request, envelope = sealed.request, sealed.envelope
        try:
            if wait_s > 0:
                return await self._wait(request, envelope, wait_s)
            return await self._accept(request, envelope)
        except UnknownFate:
            raise
        except Unavailable:
            # Nothing is accepted now; what was decided before is answered all the same.
            decision = await self._stored(request)
            if decision is None:
                raise
            return _replay(decision, envelope)

    async def _accept(self, request: Request, envelope: Envelope) -> Ticket:
        """Append without waiting; a repeat of a keyed request gets the earlier outcome.

        Looked up after the append: a request without a marker was decided before, or is new.
        """
        earlier = await self._append(request, envelope)
        decision = await self._stored(request)
        if decision is not None and decision.accepted_at != envelope.submitted_at:
            return _replay(decision, envelope)
        if _is_other(earlier, envelope):
            with self._expect(envelope) as coming:
                return _settled(envelope, earlier, await coming.within(LEDGER_WAIT_S), coming)
        return _accepted(envelope, earlier)

    async def _wait(self, request: Request, envelope: Envelope, wait_s: float) -> Ticket:
        # Start listening before the entry is sent: the outcome may be published before XADD's
        # own reply is read.
        with self._expect(envelope) as coming:
            earlier = await self._append(request, envelope)
            least_s = LEDGER_WAIT_S if _is_other(earlier, envelope) else 0
            outcome = await coming.within(max(wait_s, least_s))
            return _settled(envelope, earlier, outcome, coming)

    async def _stored(self, request: Request) -> Decision | None:
        """The outcome of an earlier request, where it has not been looked up before the append.

        None too while PostgreSQL is away: the request is accepted, and its repeat is not told.
        """
        if self.looks_first or not request.is_keyed:
            return None
        try:
            return await self._outcomes.find(request.operation_id)
        except Unavailable:
            return None

    async def as_asked_first(self, request: Request) -> Request:
        """The request under the id it was first sent under, or its own if it is new."""
        ids = (EarlierId(request.actor, request.operation_id), *request.earlier)
        first = await self._earlier.first_of(
            ids, request.operation.kind, request.intent, self._clock()
        )
        return msgspec.structs.replace(
            request, actor=first.actor, operation_id=first.operation_id, earlier=()
        )

    def partition_of(self, request: Request) -> int:
        """The partition where it is decided: requests of one partition may share a bulk."""
        return self._door.partition_of(request.partition_key)

    async def many(
        self, requests: Sequence[Request], wait_s: float = 0
    ) -> list[Ticket | Exception]:
        """Accept several requests, appended in their order; one refused does not affect others."""
        looks = (self._look(request, wait_s) for request in requests)
        found = await asyncio.gather(*looks, return_exceptions=True)
        puts = (
            self._put(one, wait_s) if isinstance(one, _Sealed) else _ready(one) for one in found
        )
        results = await asyncio.gather(*puts, return_exceptions=True)
        return [r if isinstance(r, Ticket | Exception) else RuntimeError(repr(r)) for r in results]

    def _expect(self, envelope: Envelope) -> AbstractContextManager[Coming]:
        operation_id = OperationId(envelope.operation_id)
        return self._outcomes.expect(operation_id, envelope.digest, envelope.submitted_at)

    async def _append(self, request: Request, envelope: Envelope) -> Acceptance | None:
        """Make it durable; returns the marker of an earlier request with this id."""
        with tracing.span("append", envelope.kind, kind="producer"):
            marker = await self._door.append(
                request.partition_key,
                request.operation_id,
                encode(envelope),
                marker_of(envelope, request.items),
                beside_of(envelope, request.items),
            )
        metrics.accepted(envelope.kind).inc()
        return None if marker is None else msgspec.json.decode(marker, type=Acceptance)


def _is_other(earlier: Acceptance | None, envelope: Envelope) -> bool:
    """True when the marker has other content. This is not conclusive: its entry may be missing."""
    return earlier is not None and not is_said_by(envelope, earlier.digest)


def _accepted(envelope: Envelope, earlier: Acceptance | None) -> Ticket:
    is_repeat = earlier is not None and is_said_by(envelope, earlier.digest)
    return Ticket(
        operation_id=OperationId(envelope.operation_id),
        kind=envelope.kind,
        accepted_at=earlier.accepted_at if earlier and is_repeat else envelope.submitted_at,
        is_replay=is_repeat,
    )


def _settled(
    envelope: Envelope,
    earlier: Acceptance | None,
    outcome: Decision | Parked | None,
    coming: Coming,
) -> Ticket:
    ticket = _accepted(envelope, earlier)
    if outcome is None:
        return msgspec.structs.replace(ticket, is_doubtful=_is_other(earlier, envelope))
    if isinstance(outcome, Parked):
        return msgspec.structs.replace(ticket, is_parked=True)
    if not is_said_by(envelope, outcome.digest):
        raise conflict(OperationId(envelope.operation_id))
    # The marker is deleted with the decision: a copy appended just after it finds none,
    # although the decision belongs to the earlier request.
    is_replay = ticket.is_replay or outcome.accepted_at != envelope.submitted_at
    return msgspec.structs.replace(
        ticket, decision=outcome, is_replay=is_replay, parts=coming.parts
    )


def _replay(decision: Decision, envelope: Envelope) -> Ticket:
    operation_id = OperationId(decision.operation_id)
    if not is_said_by(envelope, decision.digest):
        raise conflict(operation_id)
    return Ticket(
        operation_id=operation_id,
        kind=decision.kind,
        accepted_at=decision.accepted_at,
        decision=decision,
        is_replay=True,
    )
