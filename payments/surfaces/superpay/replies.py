"""Maps SuperPay's answers to claims (specification §12). Anything not listed here is ambiguous."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import httpx
import msgspec

from payments.payouts.status import Claim
from payments.provider.sighting import Sighting
from payments.surfaces.superpay.bodies import Unreadable, decode_error, decode_transaction

REFUSALS: Final[Mapping[str, int]] = {
    "malformed_request": 400,
    "invalid_field": 422,
    "invalid_amount": 422,
    "unsupported_currency": 422,
    "amount_out_of_limits": 422,
    "wallet_not_found": 422,
    "wallet_blocked": 422,
    "wallet_currency_mismatch": 422,
    "compliance_refused": 422,
    "insufficient_merchant_funds": 402,
}
"""Definitive, no money moved: codes and the status they come with."""

NOT_ACCEPTED: Final[Mapping[str, int]] = {
    "unauthorized": 401,
    "invalid_signature": 401,
    "timestamp_out_of_tolerance": 401,
    "forbidden": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "rate_limited": 429,
    "service_unavailable": 503,
}
"""Rejected on arrival: the same request may be sent again."""

_TOO_LARGE: Final = 413

NOT_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
"""Failures before the first byte: refused connection, name or TLS failure."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer tells us: the transaction, or a claim with a code for people."""

    claim: Claim = Claim.AMBIGUOUS
    sighting: Sighting | None = None
    code: str = ""
    detail: str = ""
    is_recorded: bool = False

    @property
    def is_healthy(self) -> bool:
        """True when the provider worked, whatever it answered: no reason to stop calling it."""
        return self.sighting is not None or self.claim in {
            Claim.FAILED,
            Claim.CONFLICT,
            Claim.NOT_FOUND,
        }


def of_failure(error: Exception) -> Answer:
    """The claim when no answer arrived."""
    name = type(error).__name__
    claim = Claim.NOT_SENT if isinstance(error, NOT_SENT) else Claim.AMBIGUOUS
    return Answer(claim=claim, code=_code(error), detail=name)


def _code(error: Exception) -> str:
    if isinstance(error, NOT_SENT):
        return "not_connected"
    is_late = isinstance(error, httpx.TimeoutException | TimeoutError)
    return "timeout" if is_late else "connection_lost"


def of_response(status: int, media_type: str, body: bytes) -> Answer:
    """The claim of an answer to a POST or a query."""
    if media_type.partition(";")[0].strip().lower() != "application/json":
        return Answer(code="unreadable_answer", detail=f"{status} {media_type[:60]}")
    if status in {HTTPStatus.OK, HTTPStatus.CREATED}:
        try:
            return Answer(claim=Claim.ACCEPTED, sighting=decode_transaction(body))
        except Unreadable as error:
            return Answer(code="unreadable_answer", detail=f"{status} {error}")
    try:
        error_ = decode_error(body)
    except Unreadable:
        return Answer(code="unreadable_answer", detail=str(status))
    return _of_error(
        status, error_.code, (error_.definitive, error_.money_moved), error_.transaction_id
    )


def _of_error(status: int, code: str, fate: tuple[bool, str], transaction_id: str | None) -> Answer:
    """Code, status and both fate fields must agree with the specification, else it is ambiguous."""
    claim = Claim.AMBIGUOUS
    if fate == (True, "no") and REFUSALS.get(code) in {status, _short(status)}:
        claim = Claim.FAILED
    elif fate == (False, "no") and NOT_ACCEPTED.get(code) == status:
        claim = Claim.NOT_SENT
    elif code == "merchant_id_reused" and status == HTTPStatus.CONFLICT:
        claim = Claim.CONFLICT
    elif code == "transaction_not_found" and status == HTTPStatus.NOT_FOUND:
        claim = Claim.NOT_FOUND
    # Evidence must be storable, whatever the provider sent.
    storable = code[:64].replace("\0", "")
    return Answer(
        claim=claim, code=storable, detail=str(status), is_recorded=transaction_id is not None
    )


def _short(status: int) -> int:
    """413 (body too large) counts as 400, a malformed request."""
    return HTTPStatus.BAD_REQUEST if status == _TOO_LARGE else status
