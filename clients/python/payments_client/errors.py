"""What the client raises; a problem document becomes the exception of its `code`."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec


class PaymentsError(Exception):
    """Base of everything that this client raises."""


class Undecided(PaymentsError):
    """The request is accepted and durable, and was not decided within `wait_s`.

    It will be decided. Ask with `client.operation(error.operation_id, wait_s=30)`; never send the
    request again under another key.
    """

    def __init__(self, operation_id: str, idempotency_key: str, *, is_parked: bool = False) -> None:
        """`is_parked`: it could not be handled, and an operator of the product has it."""
        self.operation_id = operation_id
        self.idempotency_key = idempotency_key
        self.is_parked = is_parked
        super().__init__(f"operation {operation_id} is accepted and not decided yet")


class FateUnknown(PaymentsError):
    """Every retry ended without an answer, so that the request may or may not be accepted.

    Keep `idempotency_key`. Later, `client.find_operation(error.idempotency_key)` says what became
    of it, and the same call with `idempotency_key=` completes it without paying twice.
    """

    def __init__(self, idempotency_key: str, reason: str) -> None:
        """`reason`: what the last attempt ended with."""
        self.idempotency_key = idempotency_key
        super().__init__(f"it is not known whether {idempotency_key} was accepted: {reason}")


class NoAnswer(PaymentsError):
    """Every attempt ended without an answer, and nothing can have been accepted."""


class BadWebhook(PaymentsError):
    """A webhook's signature, time or body is not right: answer it with 400."""


class Problem(PaymentsError):
    """The server refused the request: RFC 9457, with a stable `code`.

    `errors` names fields; `extra` holds whatever else the document contains.
    """

    codes: ClassVar[tuple[str, ...]] = ()

    def __init__(self, status: int, document: Mapping[str, Any], idempotency_key: str = "") -> None:
        """`document`: the members of the problem document."""
        self.status = status
        self.code: str = str(document.get("code") or f"http_{status}")
        self.detail: str = str(document.get("detail") or document.get("title") or "")
        self.errors: Sequence[Mapping[str, Any]] = document.get("errors") or ()
        self.is_retryable: bool = bool(document.get("retryable", False))
        self.operation_id: str | None = document.get("operation_id")
        self.extra: Mapping[str, Any] = dict(document)
        self.idempotency_key = idempotency_key
        super().__init__(f"{self.code}: {self.detail}")


class InsufficientFunds(Problem):
    """The source has less than the amount."""

    codes = ("insufficient_funds",)


class NotFound(Problem):
    """There is no such thing, or it is not yours; `code` says what."""


class Conflict(Problem):
    """The request contradicts what is there; `code` says how."""


class IdempotencyConflict(Conflict):
    """The key was used before with another request."""

    codes = ("idempotency_conflict",)


class WalletNotUsable(Conflict):
    """The wallet is frozen or closed."""

    codes = ("wallet_frozen", "wallet_closed")


class CurrencyMismatch(Conflict):
    """The amount's currency is not that of the wallet."""

    codes = ("currency_mismatch",)


class InvalidRequest(Problem):
    """A field is not valid: `errors` names it."""


class NotAllowed(Problem):
    """The API key is missing, revoked, or lacks a scope."""


class Unavailable(Problem):
    """Nothing was accepted, and the retries are used up: try again later."""


_BY_CODE = {
    code: class_
    for class_ in (InsufficientFunds, IdempotencyConflict, WalletNotUsable, CurrencyMismatch)
    for code in class_.codes
}
_BY_STATUS: Mapping[int, type[Problem]] = {
    400: InvalidRequest,
    401: NotAllowed,
    403: NotAllowed,
    404: NotFound,
    409: Conflict,
    422: InvalidRequest,
    429: Unavailable,
    503: Unavailable,
}


def problem_of(status: int, body: bytes, idempotency_key: str = "") -> Problem:
    """The exception for an answer that is not 2xx; a body of something else has code `http_…`."""
    document = problem_document(body)
    by_status = _BY_STATUS.get(status, Problem)
    class_ = _BY_CODE.get(str(document.get("code")), by_status)
    return class_(status, document, idempotency_key)


def problem_document(body: bytes) -> Mapping[str, Any]:
    """The members of a problem document; empty when the body is something else."""
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {}
