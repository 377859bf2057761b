"""The only way in: an intent gets its id, and is durable before anybody hears `accepted`."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

import msgspec

from payments.kernel.clock import Clock
from payments.kernel.errors import Conflict
from payments.kernel.ids import OperationId, derived_id, new_id
from payments.operations import metrics
from payments.operations.batch import CONFLICT
from payments.operations.envelope import Envelope, Intent, digest_of, encode, seal
from payments.operations.operation import IntentT, Operation
from payments.operations.outcome import Decision


class EarlierId(msgspec.Struct, frozen=True):
    """Where 0.1.0 may have the same request: a key of this client was a caller of its own then."""

    actor: str
    operation_id: OperationId


class Request(msgspec.Struct, frozen=True):
    """One operation somebody wants: `operation_id` derived from a caller's key, or fresh."""

    operation: Operation[Any]
    intent: Intent
    actor: str
    operation_id: OperationId
    is_keyed: bool
    """True when the id was derived, so that it may be known already."""
    earlier: tuple[EarlierId, ...] = ()
    """Looked for first; what was asked under one of them is answered again, not done again."""


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """What is known after accepting: `decision` once decided, `is_replay` when known before."""

    operation_id: OperationId
    kind: str
    accepted_at: datetime
    decision: Decision | None = None
    is_replay: bool = False


class Acceptance(msgspec.Struct, frozen=True):
    """What is known of an operation id before it is decided: the marker beside the stream."""

    digest: bytes
    kind: str
    accepted_at: datetime
    actor: str = ""


class Door(Protocol):
    """The stream as seen from here. Implemented in `payments.operations.door` over `streams`."""

    async def append(
        self, partition_key: int | str, operation_id: OperationId, payload: bytes, marker: bytes
    ) -> bytes | None:
        """Make the entry durable; returns the marker found under that id. Raises `Unavailable`."""
        ...

    async def find_marker(self, operation_id: OperationId) -> bytes | None:
        """The marker of an accepted operation, whatever its partition."""
        ...


class Outcomes(Protocol):
    """Stored and coming outcomes. Implemented in `payments.operations.results`."""

    reply_to: str

    async def find(self, operation_id: OperationId) -> Decision | None:
        """The stored outcome."""
        ...

    def expect(self, operation_id: OperationId, digest: bytes) -> AbstractContextManager["Coming"]:
        """Listen for the outcome from here on, until the context is left."""
        ...


class Coming(Protocol):
    """An outcome that is listened for."""

    async def within(self, timeout_s: float) -> Decision | None:
        """The outcome when there, or None. Raises `Conflict` when the id has other content."""
        ...


def keyed(
    operation: Operation[IntentT],
    intent: IntentT,
    *,
    actor: str,
    key: str,
    scope: str = "key",
    also: Sequence[str] = (),
) -> Request:
    """A request whose id comes from caller, key and `scope`, which keeps sorts of keys apart.

    `also`: names under which 0.1.0 knew the same caller.
    """
    earlier = tuple(EarlierId(name, derived_id(scope, name, key)) for name in also)
    return Request(operation, intent, actor, derived_id(scope, actor, key), True, earlier)


def fresh(operation: Operation[IntentT], intent: IntentT, *, actor: str) -> Request:
    """A request with a new id: each one is an operation of its own."""
    return Request(operation, intent, actor, new_id(), False)


class Submitter:
    """Accepts requests. `wait_s` > 0 waits that long for the outcome."""

    def __init__(self, door: Door, outcomes: Outcomes, clock: Clock) -> None:
        """Made once a process."""
        self._door = door
        self._outcomes = outcomes
        self._clock = clock

    async def __call__(self, request: Request, wait_s: float = 0) -> Ticket:
        """Accept one request.

        Raises `Conflict` (the id is known with other content), `Unavailable` (nothing was accepted)
        or `UnknownFate` (the reply of the stream was lost: ask for the operation id, or send the
        same request again).
        """
        if request.earlier:
            request = await self._as_asked_first(request)
        envelope = seal(
            request.operation_id,
            request.operation.kind,
            request.actor,
            request.intent,
            self._clock(),
            self._outcomes.reply_to if wait_s > 0 else "",
        )
        if request.is_keyed:
            decision = await self._outcomes.find(request.operation_id)
            if decision is not None:
                return _replay(decision, envelope)
        if wait_s <= 0:
            return await self._accept(request, envelope)
        # Listening begins before the entry is sent: the outcome may be published before XADD's own
        # reply is read.
        with self._outcomes.expect(request.operation_id, envelope.digest) as coming:
            ticket = await self._accept(request, envelope)
            decision = await coming.within(wait_s)
        if decision is None:
            return ticket
        # The marker goes with the decision: a copy appended just after it finds none, and what
        # was decided is still another's.
        is_replay = ticket.is_replay or decision.accepted_at != envelope.submitted_at
        return msgspec.structs.replace(ticket, decision=decision, is_replay=is_replay)

    async def many(
        self, requests: Sequence[Request], wait_s: float = 0
    ) -> list[Ticket | Exception]:
        """Accept several at once; one turned away does not touch the others."""
        results = await asyncio.gather(*(self(r, wait_s) for r in requests), return_exceptions=True)
        return [r if isinstance(r, Ticket | Exception) else RuntimeError(repr(r)) for r in results]

    async def _as_asked_first(self, request: Request) -> Request:
        """The request under the id it was first sent under; under its own when it is new.

        Two keys of one client may have used the same Idempotency-Key in 0.1.0, as two callers. So
        the same content decides, and other content under any of the ids is a conflict.
        """
        body = msgspec.json.encode(request.intent)
        ids = (EarlierId(request.actor, request.operation_id), *request.earlier)
        conflicting: OperationId | None = None
        for id_ in ids:
            digest = await self._known_digest(id_.operation_id)
            if digest == digest_of(request.operation.kind, id_.actor, body):
                return msgspec.structs.replace(
                    request, actor=id_.actor, operation_id=id_.operation_id, earlier=()
                )
            if digest is not None:
                conflicting = conflicting or id_.operation_id
        if conflicting is not None:
            raise conflict(conflicting)
        return request

    async def _known_digest(self, operation_id: OperationId) -> bytes | None:
        """The marker first: it goes away after the outcome is there, so one of the two is seen."""
        marker = await self._door.find_marker(operation_id)
        if marker is not None:
            return msgspec.json.decode(marker, type=Acceptance).digest
        decision = await self._outcomes.find(operation_id)
        return None if decision is None else decision.digest

    async def _accept(self, request: Request, envelope: Envelope) -> Ticket:
        found = await self._door.append(
            request.operation.partition_key(request.intent),
            request.operation_id,
            encode(envelope),
            marker_of(envelope),
        )
        metrics.ACCEPTED.labels(envelope.kind).inc()
        accepted_at = envelope.submitted_at
        if found is not None:
            earlier = msgspec.json.decode(found, type=Acceptance)
            if earlier.digest != envelope.digest:
                raise conflict(request.operation_id)
            accepted_at = earlier.accepted_at
        return Ticket(
            operation_id=request.operation_id,
            kind=envelope.kind,
            accepted_at=accepted_at,
            is_replay=found is not None,
        )


def marker_of(envelope: Envelope) -> bytes:
    """What lies beside the stream from acceptance to decision."""
    return msgspec.json.encode(
        Acceptance(envelope.digest, envelope.kind, envelope.submitted_at, envelope.actor)
    )


def _replay(decision: Decision, envelope: Envelope) -> Ticket:
    operation_id = OperationId(decision.operation_id)
    if decision.digest != envelope.digest:
        raise conflict(operation_id)
    return Ticket(
        operation_id=operation_id,
        kind=decision.kind,
        accepted_at=decision.accepted_at,
        decision=decision,
        is_replay=True,
    )


def conflict(operation_id: OperationId) -> Conflict:
    """The same id was used for other content."""
    return Conflict(
        "This Idempotency-Key was used before with another body. "
        "Send the first body again, or choose a new key.",
        code=CONFLICT,
        operation_id=str(operation_id),
    )
