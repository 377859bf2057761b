"""Errors a caller may see, each with an HTTP status and a stable `code`; rendered in `http`."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class PaymentsError(Exception):
    """Something went wrong."""

    status: ClassVar[int] = 500
    code: str = "internal_error"
    retryable: bool = False
    retry_after_s: int | None = None

    def __init__(
        self,
        detail: str | None = None,
        *,
        code: str | None = None,
        errors: Sequence[Mapping[str, str | int]] = (),
        operation_id: str | None = None,
        **extra: Any,
    ) -> None:
        """`detail` is for people, `code` for programs; `errors` lists faults by field."""
        self.detail = detail or (type(self).__doc__ or "").strip()
        if code is not None:
            self.code = code
        self.errors = tuple(errors)
        self.operation_id = operation_id
        self.extra = extra
        super().__init__(self.detail)


class InvalidRequest(PaymentsError):
    """The request cannot be understood."""

    status = 400
    code = "invalid_request"


class InvalidBody(PaymentsError):
    """The body does not have the expected shape."""

    status = 422
    code = "invalid_body"


class InvalidAmount(PaymentsError):
    """The amount is not valid."""

    status = 422
    code = "invalid_amount"


class InvalidCurrency(PaymentsError):
    """The currency is not valid."""

    status = 422
    code = "invalid_currency"


class UnsupportedMediaType(PaymentsError):
    """Send the body as application/json."""

    status = 415
    code = "unsupported_media_type"


class UnsupportedContentEncoding(UnsupportedMediaType):
    """Send the body as it is, without Content-Encoding: compressed bodies are not read."""

    code = "unsupported_content_encoding"


class BodyTooLarge(PaymentsError):
    """The body is larger than this endpoint accepts."""

    status = 413
    code = "body_too_large"


class NotAuthenticated(PaymentsError):
    """Valid credentials are needed."""

    status = 401
    code = "not_authenticated"
    challenge: str = "Bearer"


class NotAllowed(PaymentsError):
    """These credentials do not allow this."""

    status = 403
    code = "not_allowed"


class NotFound(PaymentsError):
    """There is no such thing."""

    status = 404
    code = "not_found"


class Conflict(PaymentsError):
    """The request contradicts what is already there."""

    status = 409
    code = "conflict"


class NotDecidedYet(Conflict):
    """What this is about is accepted and not decided yet: send the same again in a moment."""

    code = "not_decided_yet"
    retryable = True
    retry_after_s = 1


class TooManyRequests(PaymentsError):
    """Too many requests; try again later."""

    status = 429
    code = "too_many_requests"
    retryable = True
    retry_after_s = 30


class Unavailable(PaymentsError):
    """Nothing can be accepted just now; try again."""

    status = 503
    code = "unavailable"
    retryable = True
    retry_after_s = 1


class UnknownFate(Unavailable):
    """It may have been accepted: ask for the operation, or send the same request again."""

    code = "acceptance_unknown"
