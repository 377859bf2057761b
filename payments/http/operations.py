"""Submits an intent, waits if the client prefers it, and renders the outcome."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar.types import Scope

from payments.http.access import access_here
from payments.http.access_log import OPERATION_ID
from payments.http.errors import problem_reply
from payments.http.idempotency import REPLAYED, request_for
from payments.http.prefer import APPLIED, preferred_wait_s
from payments.http.reply import Header, Reply
from payments.http.services import HttpRequest, service, services_of
from payments.kernel.errors import PaymentsError
from payments.operations.operation import IntentT, Operation
from payments.operations.outcome import Decision, Refusal, Status
from payments.operations.refusals import ENGINE_REFUSALS
from payments.operations.submit import Submitter, Ticket

OPERATIONS_AT: Final = b"/v1/operations/"
PARKED: Final = (
    "It is accepted and could not be applied. An operator will try it again or give it up. "
    "Ask for the operation to see what became of it, and do not send it under another key."
)
"""The `detail` of a parked operation."""
_APPLIED: Final = Status.APPLIED.value
_STATUS: Final = '"status"'
_EMPTY: Final = b"{}"
_encode: Final = msgspec.json.Encoder().encode
_DECODE_FIELDS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
"""Keeps each field's bytes, so that a client's own numbers keep their digits."""


class Refusals(dict[str, Refusal]):
    """Every refusal by its code; gives a stored code its status and sentence."""

    kinds: tuple[str, ...] = ()
    """The kinds of operation that give them."""

    @classmethod
    def of(cls, operations: Iterable[Operation[Any]]) -> "Refusals":
        """All refusals of these operations."""
        operations = list(operations)
        declared = (r for o in operations for r in o.refusals)
        refusals = cls({r.code: r for r in (*declared, *ENGINE_REFUSALS)})
        refusals.kinds = tuple(sorted(o.kind for o in operations))
        return refusals


async def submit(
    request: HttpRequest,
    operation: Operation[IntentT],
    intent: IntentT,
    *,
    wait_s: int | None = None,
    order: int | str | None = None,
) -> Reply:
    """Accept the intent; answer 202, or the outcome when the caller waits or it is known already.

    `wait_s`: for an endpoint that always waits; otherwise `Prefer` decides. `order`: requests with
    the same value are decided in the order of acceptance; for intents that do not determine it.
    """
    prefers_s = preferred_wait_s(request)
    waits_s = prefers_s if wait_s is None else wait_s
    asked = request_for(request, operation, intent)
    if order is not None:
        asked = msgspec.structs.replace(asked, order=order)
    ticket = await service(request, Submitter)(asked, waits_s)
    return render_ticket(request, ticket, headers=(APPLIED,) if prefers_s else ())


def render_ticket(
    request: HttpRequest,
    ticket: Ticket,
    *,
    headers: tuple[Header, ...] = (),
    more: Mapping[str, Any] | None = None,
    at: bytes | None = OPERATIONS_AT,
) -> Reply:
    """202 while undecided, 201 with the result, or the refusal as a problem document.

    `more`: further members of the 202. `at`: path under which this caller can GET the operation;
    None when there is none.
    """
    operation_id = str(ticket.operation_id)
    request.scope[OPERATION_ID] = operation_id  # type: ignore[typeddict-unknown-key]
    location = () if at is None else ((b"location", at + operation_id.encode()),)
    replayed = (REPLAYED,) if ticket.is_replay else ()
    all_headers = (*location, *replayed, *headers)
    access = access_here(request)
    if ticket.decision is None:
        if access.thing_id is not None:
            more = {access.thing_id: operation_id}
        if ticket.is_parked:
            parked = {"operation_id": operation_id, "status": Status.PARKED.value, "detail": PARKED}
            return Reply(HTTPStatus.ACCEPTED, _encode({**(more or {}), **parked}), all_headers)
        return _accepted(operation_id, all_headers, more)
    if ticket.decision.status == _APPLIED:
        body = applied_body(ticket.decision, access.own_status)
        return Reply(HTTPStatus.CREATED, body, all_headers)
    return _refused(request.scope, ticket.decision, all_headers)


def applied_body(decision: Decision, own_status: str | None = None) -> bytes:
    """The result's fields with `operation_id` and the operation's `status`.

    `own_status`: the result's field that this endpoint's contract calls `status` instead.
    """
    status = _APPLIED
    if own_status is None and _STATUS not in decision.result:
        own = b'"operation_id":"%b","status":"applied"' % str(decision.operation_id).encode()
        return spliced(decision.result.encode(), own)
    result = _fields(decision)
    if own_status is not None:
        result = {"status" if name == own_status else name: v for name, v in result.items()}
        status = result["status"]
    return _encode({**result, "operation_id": str(decision.operation_id), "status": status})


def spliced(result: bytes, own: bytes) -> bytes:
    """A JSON object with members put behind its own; decoding it took 4 us of a waiting request."""
    return b"{%b}" % own if result == _EMPTY else b"%b,%b}" % (result[:-1], own)


def _fields(decision: Decision) -> dict[str, Any]:
    """The stored result; the field `status` of results from 0.1.0 is renamed to `wallet_status`."""
    result: dict[str, Any] = _DECODE_FIELDS(decision.result)
    if "status" not in result:
        return result
    noun = decision.kind.partition(".")[0]
    return {f"{noun}_status" if name == "status" else name: v for name, v in result.items()}


def refusal_error(refusals: Refusals, decision: Decision) -> tuple[int, PaymentsError]:
    """HTTP status and error of a stored refusal."""
    code = decision.reason or "refused"
    refusal = refusals.get(code)
    error = PaymentsError(
        refusal.sentence if refusal else f"refused: {code.replace('_', ' ')}",
        code=code,
        operation_id=str(decision.operation_id),
        **msgspec.json.decode(decision.result),
    )
    error.retryable = refusal is not None and refusal.is_transient
    return (refusal.http_status if refusal else HTTPStatus.CONFLICT), error


def _accepted(
    operation_id: str, headers: tuple[Header, ...], more: Mapping[str, Any] | None
) -> Reply:
    if more:
        body = _encode({**more, "operation_id": operation_id, "status": Status.ACCEPTED.value})
    else:
        body = b'{"operation_id":"%s","status":"accepted"}' % operation_id.encode()
    return Reply(HTTPStatus.ACCEPTED, body, headers)


def _refused(scope: Scope, decision: Decision, headers: tuple[Header, ...]) -> Reply:
    status, error = refusal_error(services_of(scope["litestar_app"]).get(Refusals), decision)
    return problem_reply(scope, error, status=status, headers=headers)
