"""How a call is made safe, without input or output: generators that both clients drive.

A generator yields `Send` and gets a `Reply` or a `Lost`, or yields `Pause`. A request whose answer
is lost is never simply repeated: the server is asked what became of its key, and what follows
depends on that.
"""

import random
from collections.abc import Generator, Iterator
from typing import Any, Final, TypeVar

import msgspec

from payments_client.answers import Operation
from payments_client.call import WAIT_MAX_S, Call, Change, Money, Page, Pages, Read, Request
from payments_client.errors import (
    FateUnknown,
    NoAnswer,
    PaymentsError,
    Undecided,
    problem_document,
    problem_of,
)

T = TypeVar("T")

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 5.0
LONGEST_RETRY_AFTER_S: Final = 60.0
_ACCEPTED: Final = 202
_NO_CONTENT: Final = 204
_ERROR: Final = 400
_NOT_FOUND: Final = 404
_SERVER_ERROR: Final = 500
_NOT_ALLOWED: Final = frozenset({401, 403})
_FATE_UNKNOWN: Final = "acceptance_unknown"


class Send(msgspec.Struct, frozen=True):
    """Send it."""

    request: Request


class Pause(msgspec.Struct, frozen=True):
    """Wait so long."""

    seconds: float


class Reply(msgspec.Struct, frozen=True):
    """A whole answer."""

    status: int
    body: bytes
    retry_after: str | None = None


class Lost(msgspec.Struct, frozen=True):
    """No answer; `may_have_arrived` is false when nothing can have been sent."""

    reason: str
    may_have_arrived: bool


Step = Send | Pause
Result = Reply | Lost | None
Flow = Generator[Step, Result, T]


class Policy(msgspec.Struct, frozen=True):
    """`retries`: after the first attempt; `wait_s`: how long a call waits for its decision."""

    retries: int = 8
    wait_s: int = 10


class _Standing(msgspec.Struct, frozen=True):
    """What the server said about a key."""

    items: list[Operation]


def of(call: Call[T], policy: Policy) -> Flow[T]:
    """The flow of a call."""
    if isinstance(call, Money):
        return money(call, policy)
    return change(call, policy) if isinstance(call, Change) else read(call, policy)


def read(call: Read[T], policy: Policy) -> Flow[T]:
    """A GET, repeated while there is no answer."""
    reply = yield from _read_reply(call.request(), policy)
    return decoded(reply, call.type_)


def page(call: Pages[T], cursor: str | None, policy: Policy) -> Flow[Page[T]]:
    """One page of a list."""
    query = dict(call.query) if cursor is None else {**call.query, "cursor": cursor}
    if cursor is not None:
        query.pop("after", None)  # of events: the cursor says where to go on
    request = Request(method="GET", path=call.path, query=query)
    reply = yield from _read_reply(request, policy)
    return decoded(reply, Page[call.type_])  # type: ignore[name-defined]


def find(key: str, policy: Policy) -> Flow[Operation | None]:
    """The operation that a key of ours started."""
    reply = yield from _read_reply(_question(key), policy)
    return next(iter(decoded(reply, _Standing).items), None)


def change(call: Change[T], policy: Policy) -> Flow[T]:
    """A request that may come twice, repeated while there is no answer.

    What is not there when it is deleted again was deleted by the attempt before.
    """
    is_in_doubt = False
    result: Result = None
    for pause_s in _pauses(policy.retries):
        result = yield Send(call.request())
        if isinstance(result, Reply) and not _is_for_retry(result):
            is_gone = call.method == "DELETE" and result.status == _NOT_FOUND
            if is_gone and is_in_doubt:
                result = Reply(_NO_CONTENT, b"")
            return decoded(result, call.type_)
        is_in_doubt = is_in_doubt or _may_be_accepted(result)
        if pause_s is not None:
            yield Pause(_pause_of(result, pause_s))
    if isinstance(result, Reply):
        raise problem_of(result.status, result.body)
    raise NoAnswer(_reason(result))


def money(call: Money[T], policy: Policy) -> Flow[T]:
    """A POST under one key: retried where that is safe, asked about where its fate is unknown."""
    wait_s = policy.wait_s if call.wait_s is None else call.wait_s
    request = call.request(min(wait_s, WAIT_MAX_S))
    is_in_doubt, must_ask = False, False
    result: Result = None
    for pause_s in _pauses(policy.retries):
        if must_ask:
            operation = yield from _ask(call.key)
            must_ask = operation is None
            if isinstance(operation, Operation):
                yield from _until_decided(operation, call.key, wait_s)
        if not must_ask:
            result = yield Send(request)
            if isinstance(result, Reply) and not _is_for_retry(result):
                if is_in_doubt and result.status in _NOT_ALLOWED:
                    break
                return (yield from _concluded(result, call, wait_s))
            must_ask = _may_be_accepted(result)
            is_in_doubt = is_in_doubt or must_ask
        if pause_s is not None:
            yield Pause(_pause_of(result, pause_s))
    raise _exhausted(result, call.key, is_in_doubt=is_in_doubt)


def decoded(reply: Reply, type_: type[T]) -> T:
    """The answer. Raises the problem's exception, or `PaymentsError` for a body of another kind."""
    if reply.status >= _ERROR:
        raise problem_of(reply.status, reply.body)
    try:
        body = b"null" if reply.status == _NO_CONTENT else reply.body
        return msgspec.json.decode(body, type=type_)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise PaymentsError(f"unexpected answer, {reply.status}: {error}") from error


def _read_reply(request: Request, policy: Policy) -> Flow[Reply]:
    result: Result = None
    for pause_s in _pauses(policy.retries):
        result = yield Send(request)
        if isinstance(result, Reply) and not _is_for_retry(result):
            return result
        if pause_s is not None:
            yield Pause(_pause_of(result, pause_s))
    if isinstance(result, Reply):
        return result
    raise NoAnswer(_reason(result))


def _ask(key: str) -> Flow[Operation | bool | None]:
    """What became of a key: its operation, True for "send it again", None for no answer.

    "Again" is safe: either nothing was accepted under the key, or its outcome is answered again. It
    is also what remains to a client whose API key lacks the scope `operations:read`.
    """
    result = yield Send(_question(key))
    if not isinstance(result, Reply):
        return None
    if result.status in _NOT_ALLOWED:
        return True
    if result.status >= _ERROR:
        return None
    return next(iter(decoded(result, _Standing).items), True)


def _question(key: str) -> Request:
    return Request(method="GET", path="/v1/operations", query={"idempotency_key": key})


def _until_decided(operation: Operation, key: str, wait_s: int) -> Flow[None]:
    """Wait for the decision of what is accepted. Raises `Undecided` when there is none in time."""
    left_s = wait_s
    while operation.status == "accepted" and left_s > 0:
        step_s = min(left_s, WAIT_MAX_S)
        left_s -= step_s
        path = f"/v1/operations/{operation.operation_id}"
        result = yield Send(Request(method="GET", path=path, query={"wait": str(step_s)}))
        if isinstance(result, Reply) and result.status < _ERROR:
            operation = decoded(result, Operation)
    if operation.status in {"accepted", "parked"}:
        is_parked = operation.status == "parked"
        raise Undecided(operation.operation_id, key, is_parked=is_parked)


def _concluded(reply: Reply, call: Money[T], wait_s: int) -> Flow[T]:
    """The outcome from an answer that is not tried again."""
    if reply.status >= _ERROR:
        raise problem_of(reply.status, reply.body, call.key)
    if reply.status == _ACCEPTED:
        standing = msgspec.json.decode(reply.body, type=dict[str, Any])
        operation_id, is_parked = str(standing["operation_id"]), standing["status"] == "parked"
        if is_parked or wait_s <= WAIT_MAX_S:
            raise Undecided(operation_id, call.key, is_parked=is_parked)
        request = Request(method="GET", path=f"/v1/operations/{operation_id}")
        result = yield Send(request)
        if not isinstance(result, Reply) or result.status >= _ERROR:
            raise Undecided(operation_id, call.key)
        operation = decoded(result, Operation)
        yield from _until_decided(operation, call.key, wait_s - WAIT_MAX_S)
        result = yield Send(call.request(0))  # its outcome is answered again
        if not isinstance(result, Reply):
            raise Undecided(operation_id, call.key)
        return decoded(result, call.type_)
    return decoded(reply, call.type_)


def _is_for_retry(reply: Reply) -> bool:
    if reply.status >= _SERVER_ERROR or reply.status == 429:  # noqa: PLR2004
        return True
    if reply.status >= _ERROR:
        return bool(problem_document(reply.body).get("retryable"))
    if reply.status == _NO_CONTENT:
        return False
    return not problem_document(reply.body)  # a page of something between us and the server


def _may_be_accepted(result: Result) -> bool:
    """Whether the request may stand in the stream although no answer says so."""
    if isinstance(result, Lost):
        return result.may_have_arrived
    if not isinstance(result, Reply):
        return False
    problem = problem_document(result.body)
    if problem.get("retryable") and problem.get("code") != _FATE_UNKNOWN:
        return False
    return result.status != 429  # noqa: PLR2004


def _pauses(retries: int) -> Iterator[float | None]:
    """A pause for each attempt, longer each time; None after the last."""
    for attempt in range(retries):
        yield min(FIRST_PAUSE_S * 2**attempt, LONGEST_PAUSE_S) * random.uniform(0.5, 1.0)  # noqa: S311
    yield None


def _pause_of(result: Result, pause_s: float) -> float:
    after = result.retry_after if isinstance(result, Reply) else None
    if after is None or not after.isascii() or not after.isdigit():
        return pause_s
    return min(max(float(after), pause_s), LONGEST_RETRY_AFTER_S)


def _exhausted(result: Result, key: str, *, is_in_doubt: bool) -> PaymentsError:
    if is_in_doubt:  # an attempt without an answer may still be on its way to the server
        return FateUnknown(key, _reason(result))
    if isinstance(result, Reply):
        return problem_of(result.status, result.body, key)
    return NoAnswer(_reason(result))


def _reason(result: Result) -> str:
    if isinstance(result, Reply):
        return f"answered with {result.status}"
    return result.reason if isinstance(result, Lost) else "no attempt was made"
