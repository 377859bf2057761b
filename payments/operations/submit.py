"""The only way to submit an intent: it gets its id, and is durable before
`accepted` is answered.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Final

import msgspec

from payments.kernel.clock import Clock
from payments.kernel.errors import Conflict, NotDecidedYet
from payments.kernel.ids import OperationId, derived_id, new_id
from payments.operations import metrics
from payments.operations.acceptance import Acceptance, Door, marker_of
from payments.operations.batch import CONFLICT
from payments.operations.envelope import (
    Envelope,
    Intent,
    digest_of,
    digest_of_intent,
    encode,
    is_said_by,
    seal,
)
from payments.operations.operation import IntentT, Operation
from payments.operations.outcome import Decision
from payments.operations.outcomes import Coming, Outcomes, Parked


class EarlierId(msgspec.Struct, frozen=True):
    """An id under which 0.1.0 may know the same request: each key of a client was its own caller
    then.
    """

    actor: str
    operation_id: OperationId


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
    order: int | str | None = None
    """Requests that share it are decided in the order of acceptance; None: as the kind defines."""

    @property
    def partition_key(self) -> int | str:
        """The key that selects the partition."""
        return self.operation.partition_key(self.intent) if self.order is None else self.order


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """The result of accepting: `decision` if decided, `is_replay` if known before.

    `is_parked`: it could not be applied; an operator has to handle it.
    """

    operation_id: OperationId
    kind: str
    accepted_at: datetime
    decision: Decision | None = None
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


LEDGER_WAIT_S: Final = 3.0
"""How long a request waits for the ledger when a marker shows other content under its id."""


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
    """Accepts requests. With `wait_s` > 0 it waits that long for the outcome."""

    def __init__(self, door: Door, outcomes: Outcomes, clock: Clock) -> None:
        """One instance per process."""
        self._door = door
        self._outcomes = outcomes
        self._clock = clock

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
            request = await self._as_asked_first(request)
        envelope = seal(
            request.operation_id,
            request.operation.kind,
            request.actor,
            request.intent,
            self._clock(),
            self._outcomes.reply_to if wait_s > 0 else "",
            order=str(request.partition_key),
        )
        if request.is_keyed:
            decision = await self._outcomes.find(request.operation_id)
            if decision is not None:
                return _replay(decision, envelope)
        return _Sealed(request, envelope)

    async def _put(self, sealed: "_Sealed", wait_s: float) -> Ticket:
        """Append it. Nothing is awaited before that, so calls append in their order."""
        request, envelope = sealed.request, sealed.envelope
        if wait_s <= 0:
            earlier = await self._append(request, envelope)
            if not _is_other(earlier, envelope):
                return _accepted(envelope, earlier)
            with self._expect(envelope) as coming:
                return _settled(envelope, earlier, await coming.within(LEDGER_WAIT_S))
        # Start listening before the entry is sent: the outcome may be published before XADD's
        # own reply is read.
        with self._expect(envelope) as coming:
            earlier = await self._append(request, envelope)
            least_s = LEDGER_WAIT_S if _is_other(earlier, envelope) else 0
            return _settled(envelope, earlier, await coming.within(max(wait_s, least_s)))

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

    async def _as_asked_first(self, request: Request) -> Request:
        """The request under the id it was first sent under, or its own if it is new.

        In 0.1.0 two keys of one client could use the same Idempotency-Key, as two callers. So the
        content decides: other content under any of the ids is a conflict.
        """
        kind, body = request.operation.kind, msgspec.json.encode(request.intent)
        ids = (EarlierId(request.actor, request.operation_id), *request.earlier)
        conflicting: OperationId | None = None
        for id_ in ids:
            digest = digest_of_intent(kind, id_.actor, request.intent)
            known = await self._known_digest(id_.operation_id, digest)
            if known in {digest, digest_of(kind, id_.actor, body)}:
                return msgspec.structs.replace(
                    request, actor=id_.actor, operation_id=id_.operation_id, earlier=()
                )
            if known is None and id_ is not ids[0]:
                await self._refuse_doubt(id_.operation_id)
            if known is not None:
                conflicting = conflicting or id_.operation_id
        if conflicting is not None:
            raise conflict(conflicting)
        return request

    async def _known_digest(self, operation_id: OperationId, digest: bytes) -> bytes | None:
        """Digest stored under an id. The marker is read first: it outlives the decision, so one is
        seen.

        A marker with another digest is not conclusive, because its entry may be missing. Raises
        `Conflict` when the ledger has other content under the id.
        """
        marker = await self._door.find_marker(operation_id)
        if marker is not None and msgspec.json.decode(marker, type=Acceptance).digest == digest:
            return digest
        decision = await self._outcomes.find(operation_id)
        if decision is None and marker is not None:
            with self._outcomes.expect(operation_id, digest, self._clock()) as coming:
                outcome = await coming.within(LEDGER_WAIT_S)
            decision = outcome if isinstance(outcome, Decision) else None
        known = decision or await self._outcomes.find_parked(operation_id)
        return None if known is None else known.digest

    async def _refuse_doubt(self, operation_id: OperationId) -> None:
        """Raise `NotDecidedYet` while other content may be in the stream under an earlier id.

        Under the request's own id the engine would detect it; under an earlier one it would not.
        """
        if await self._door.find_marker(operation_id) is not None:
            raise NotDecidedYet(operation_id=str(operation_id))

    def _expect(self, envelope: Envelope) -> AbstractContextManager[Coming]:
        operation_id = OperationId(envelope.operation_id)
        return self._outcomes.expect(operation_id, envelope.digest, envelope.submitted_at)

    async def _append(self, request: Request, envelope: Envelope) -> Acceptance | None:
        """Make it durable; returns the marker of an earlier request with this id."""
        marker = await self._door.append(
            request.partition_key,
            request.operation_id,
            encode(envelope),
            marker_of(envelope),
        )
        metrics.ACCEPTED.labels(envelope.kind).inc()
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
    envelope: Envelope, earlier: Acceptance | None, outcome: Decision | Parked | None
) -> Ticket:
    ticket = _accepted(envelope, earlier)
    if outcome is None:
        return msgspec.structs.replace(ticket, is_doubtful=_is_other(earlier, envelope))
    if isinstance(outcome, Parked):
        return msgspec.structs.replace(ticket, is_parked=True)
    # The marker is deleted with the decision: a copy appended just after it finds none,
    # although the decision belongs to the earlier request.
    is_replay = ticket.is_replay or outcome.accepted_at != envelope.submitted_at
    return msgspec.structs.replace(ticket, decision=outcome, is_replay=is_replay)


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


def conflict(operation_id: OperationId) -> Conflict:
    """The error for an id that was used with other content."""
    return Conflict(
        "This Idempotency-Key was used before with another body. "
        "Send the first body again, or choose a new key.",
        code=CONFLICT,
        operation_id=str(operation_id),
    )
