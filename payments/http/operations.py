"""From an intent to an answer.

Submit it, wait if the client prefers, and render what became of it.
"""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar.types import Scope

from payments.http.errors import problem_reply
from payments.http.idempotency import REPLAYED, request_for
from payments.http.prefer import APPLIED, preferred_wait_s
from payments.http.refusal_words import refusal_words
from payments.http.reply import Header, Reply
from payments.http.services import HttpRequest, service, services_of
from payments.kernel.errors import PaymentsError
from payments.operations.operation import IntentT, Operation
from payments.operations.outcome import Decision, Reason, Status
from payments.operations.submit import Submitter, Ticket

OPERATIONS_AT: Final = b"/v1/operations/"
_encode: Final = msgspec.json.Encoder().encode


class Refusals(dict[str, Reason]):
    """Every refusal of every kind by its code: how a stored reason becomes a status."""

    @classmethod
    def of(cls, operations: Iterable[Operation[Any]]) -> "Refusals":
        """The refusals the registry knows."""
        return cls({r.code: r for o in operations if o.reasons is not None for r in o.reasons})


async def submit(
    request: HttpRequest,
    operation: Operation[IntentT],
    intent: IntentT,
    *,
    wait_s: int | None = None,
    more: Mapping[str, Any] | None = None,
) -> Reply:
    """Accept the intent and answer as the contract says.

    202, or the outcome when waited for or known already.

    `wait_s` when the endpoint waits by itself; else `Prefer` decides. `more` are members of the 202
    and 201 answers.
    """
    prefers_s = preferred_wait_s(request)
    wanted_s = prefers_s if wait_s is None else wait_s
    ticket = await service(request, Submitter)(request_for(request, operation, intent), wanted_s)
    return render_ticket(request.scope, ticket, headers=(APPLIED,) if prefers_s else (), more=more)


def render_ticket(
    scope: Scope,
    ticket: Ticket,
    *,
    headers: tuple[Header, ...] = (),
    more: Mapping[str, Any] | None = None,
    at: bytes | None = OPERATIONS_AT,
) -> Reply:
    """202 while it is not decided, 201 with the result, or the refusal as a problem document.

    `at`: where this caller may ask for the operation; None when nowhere.
    """
    operation_id = str(ticket.operation_id)
    location = () if at is None else ((b"location", at + operation_id.encode()),)
    replayed = (REPLAYED,) if ticket.is_replay else ()
    all_headers = (*location, *replayed, *headers)
    if ticket.decision is None:
        return _accepted(operation_id, all_headers, more)
    if ticket.decision.status == Status.APPLIED.value:
        return Reply(HTTPStatus.CREATED, applied_body(ticket.decision, more), all_headers)
    return _refused(scope, ticket.decision, all_headers)


def applied_body(decision: Decision, more: Mapping[str, Any] | None = None) -> bytes:
    """`{"operation_id","status":"applied"}` and the result.

    A `status` of the thing itself becomes e.g. `wallet_status`.
    """
    result = msgspec.json.decode(decision.result)
    if "status" in result:
        result[f"{decision.kind.partition('.')[0]}_status"] = result["status"]
    return _encode(
        {
            **(more or {}),
            **result,
            "operation_id": str(decision.operation_id),
            "status": Status.APPLIED.value,
        }
    )


def refusal_error(refusals: Refusals, decision: Decision) -> tuple[int, PaymentsError]:
    """A stored refusal as HTTP status and error."""
    code = decision.reason or "refused"
    reason = refusals.get(code)
    error = PaymentsError(
        refusal_words(code),
        code=code,
        operation_id=str(decision.operation_id),
        **msgspec.json.decode(decision.result),
    )
    error.retryable = reason is not None and reason.transient
    return (reason.http_status if reason else HTTPStatus.CONFLICT), error


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
