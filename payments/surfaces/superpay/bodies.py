"""SuperPay's shapes on the wire, read leniently: what we do not know we ignore.

What we need must be right.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec

from payments.kernel.errors import InvalidAmount, InvalidCurrency
from payments.kernel.money import Currency, currency_of, format_minor, parse_minor
from payments.provider.sighting import Sighting

ID_MAX: Final = 64

Whole = Annotated[int, msgspec.Meta(ge=1, lt=2**53)]
"""A number of the specification's: what is larger fits no column and can be nobody's."""


class Failure(msgspec.Struct, frozen=True):
    """Why a transaction failed."""

    code: str = ""


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """A deposit or payout as SuperPay shows it."""

    transaction_id: str
    merchant_id: Whole
    type: str
    status: str
    version: Whole
    amount: msgspec.Raw
    currency: str
    failure: Failure | None = None
    wallet_id: str | None = None
    redirect_url: str | None = None
    expires_at: datetime | None = None
    paid_amount: msgspec.Raw = msgspec.Raw(b"null")
    paid_currency: str | None = None
    paid_late: bool = False


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A callback's body."""

    type: str
    data: Transaction


class Reference(msgspec.Struct, frozen=True):
    """The least of a transaction: which one it is about."""

    merchant_id: Whole


class Glimpse(msgspec.Struct, frozen=True):
    """The least of a callback, for one that we do not believe or cannot read."""

    data: Reference


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """`error` of an answer that is not 2xx."""

    code: str
    definitive: bool
    money_moved: str
    message: str = ""
    transaction_id: str | None = None


class ErrorAnswer(msgspec.Struct, frozen=True):
    """An answer that is not 2xx."""

    error: ErrorBody


class Unreadable(Exception):
    """Not what the specification describes."""


UNREADABLE: Final = (msgspec.MsgspecError, ValueError, OverflowError, RecursionError)


def decode_transaction(raw: bytes) -> Sighting:
    """A transaction of an answer. Raises `Unreadable`."""
    try:
        return sighting_of(msgspec.json.decode(raw, type=Transaction))
    except UNREADABLE as error:
        raise Unreadable(str(error)[:200]) from None


def decode_event(raw: bytes) -> Sighting:
    """The transaction of a callback. Raises `Unreadable`."""
    try:
        return sighting_of(msgspec.json.decode(raw, type=Event).data)
    except UNREADABLE as error:
        raise Unreadable(str(error)[:200]) from None


def glimpse(raw: bytes) -> int | None:
    """The merchant id a callback names, if it can be read at all."""
    try:
        return msgspec.json.decode(raw, type=Glimpse).data.merchant_id
    except UNREADABLE:
        return None


def sighting_of(shown: Transaction) -> Sighting:
    """In our words. Raises `Unreadable`."""
    if not 0 < len(shown.transaction_id) <= ID_MAX:
        raise Unreadable("transaction_id")
    paid = bytes(shown.paid_amount) not in {b"", b"null"}
    sighting = Sighting(
        kind=shown.type,
        merchant_id=shown.merchant_id,
        transaction_id=shown.transaction_id,
        status=shown.status,
        version=shown.version,
        minor=_minor(shown.amount, shown.currency),
        currency=shown.currency,
        wallet_id=shown.wallet_id or "",
        failure=shown.failure.code if shown.failure else "",
        redirect_url=shown.redirect_url or "",
        expires_at=shown.expires_at and shown.expires_at.astimezone(UTC),
        paid_minor=_minor(shown.paid_amount, shown.paid_currency or "") if paid else None,
        paid_currency=(shown.paid_currency or "") if paid else "",
        is_late=shown.paid_late,
    )
    # Evidence must be storable, or the intent that carries it becomes a dead letter.
    if any(isinstance(text, str) and "\0" in text for text in msgspec.structs.astuple(sighting)):
        raise Unreadable("text with U+0000")
    return sighting


def _minor(raw: msgspec.Raw, currency: str) -> int:
    try:
        return parse_minor(bytes(raw).strip(), currency_of(currency))
    except (InvalidAmount, InvalidCurrency) as error:
        raise Unreadable(error.detail) from None


def amount_number(minor: int, currency: Currency) -> msgspec.Raw:
    """An amount as SuperPay wants it: a JSON number with all decimals."""
    return msgspec.Raw(format_minor(minor, currency).encode())


def request_body(fields: dict[str, Any], minor: int, code: str) -> bytes:
    """A request's body: the seed's fields, the same bytes for the same request."""
    amount = amount_number(minor, currency_of(code))
    return msgspec.json.encode({**fields, "amount": amount, "currency": code})
