"""What comes in: SuperPay's replies and callbacks, and the bodies of /v1/reconciliation.

SuperPay's shapes are read leniently: what we do not know we ignore, what we need must be right.
"""

import contextlib
import datetime as dt
import json
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec

from payments.breaks.tables import BreakKind, BreakState
from payments.callbacks.tables import CallbackState
from payments.http.body import Amount, Body, CurrencyCode
from payments.http.lists import Page
from payments.http.query import Query
from payments.kernel.errors import InvalidAmount, InvalidCurrency
from payments.kernel.money import Currency, Money, currency_of, format_minor
from payments.kernel.strict import check_time
from payments.provider.sighting import Sighting

ID_MAX: Final = 64
_NOTHING_PAID: Final = frozenset({"created", "pending", "failed", "expired"})
"""What a deposit's status may be while nothing was paid."""

T = TypeVar("T")

WHOLE_END: Final = 2**53
Whole = Annotated[int, msgspec.Meta(ge=1, lt=WHOLE_END)]
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
    """Not what the specification describes. `merchant_id`: the one it names all the same."""

    merchant_id: int | None = None


UNREADABLE: Final = (msgspec.MsgspecError, ValueError, OverflowError, RecursionError)


def decode_transaction(raw: bytes) -> Sighting:
    """A transaction of an answer. Raises `Unreadable`."""
    try:
        return sighting_of(_decoded(raw, Transaction))
    except UNREADABLE as error:
        raise Unreadable(str(error)[:200]) from None


def decode_event(raw: bytes) -> Sighting:
    """The transaction of a callback, whose `type` says the same.

    Raises `Unreadable` with the merchant id it names.
    """
    try:
        event = _decoded(raw, Event)
        if event.type != f"{event.data.type}.{event.data.status}":
            raise Unreadable("type contradicts data")  # noqa: TRY301 - gets its merchant id below
        return sighting_of(event.data)
    except (Unreadable, *UNREADABLE) as error:
        unreadable = Unreadable(str(error)[:200])
        unreadable.merchant_id = glimpse(raw)
        raise unreadable from None


def decode_error(raw: bytes) -> ErrorBody:
    """The `error` of an answer that is not 2xx. Raises `Unreadable`."""
    try:
        return _decoded(raw, ErrorAnswer).error
    except UNREADABLE as error:
        raise Unreadable(str(error)[:200]) from None


def _decoded(raw: bytes, type_: type[T]) -> T:
    """Each key once: of two, one reader takes the first and another the last."""
    value = msgspec.json.decode(raw, type=type_)
    json.loads(raw, object_pairs_hook=_refuse_doubled, parse_int=str, parse_float=str)
    return value


def _refuse_doubled(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key is there twice")


def glimpse(raw: bytes) -> int | None:
    """The first merchant id a callback names anywhere, readable as a whole or not."""
    named: list[int] = []

    def note(pairs: list[tuple[str, Any]]) -> None:
        for name, value in pairs:
            if name == "merchant_id" and type(value) is int and 0 < value < WHOLE_END:
                named.append(value)

    # What cannot be read any further says nothing more.
    with contextlib.suppress(*UNREADABLE):
        json.loads(raw, object_pairs_hook=note)
    return named[0] if named else None


def sighting_of(shown: Transaction) -> Sighting:
    """In our words: currencies by their ISO code, times in UTC. Raises `Unreadable`."""
    if not 0 < len(shown.transaction_id) <= ID_MAX:
        raise Unreadable("transaction_id")
    agreed = _money(shown.amount, shown.currency)
    paid = _paid(shown)
    sighting = Sighting(
        kind=shown.type,
        merchant_id=shown.merchant_id,
        transaction_id=shown.transaction_id,
        status=shown.status,
        version=shown.version,
        minor=agreed.minor,
        currency=agreed.currency,
        wallet_id=shown.wallet_id or "",
        failure=shown.failure.code if shown.failure else "",
        redirect_url=shown.redirect_url or "",
        expires_at=None if shown.expires_at is None else check_time(shown.expires_at),
        paid_minor=None if paid is None else paid.minor,
        paid_currency="" if paid is None else paid.currency,
        is_late=shown.paid_late,
    )
    # Evidence must be storable, or the intent that carries it becomes a dead letter.
    if any(isinstance(text, str) and "\0" in text for text in msgspec.structs.astuple(sighting)):
        raise Unreadable("text with U+0000")
    return sighting


def _paid(shown: Transaction) -> Money | None:
    """What was paid and in which currency; a status that contradicts it says nothing at all."""
    is_paid = bytes(shown.paid_amount) not in {b"", b"null"}
    if shown.type == "deposit" and shown.status == "paid" and not is_paid:
        raise Unreadable("paid, but no paid_amount")
    if not is_paid:
        return None
    if shown.status in _NOTHING_PAID:
        raise Unreadable(f"{shown.status}, but a paid_amount")
    return _money(shown.paid_amount, shown.paid_currency or "")


def _money(raw: msgspec.Raw, code: str) -> Money:
    try:
        return Money.parse(bytes(raw).strip(), code)
    except (InvalidAmount, InvalidCurrency) as error:
        raise Unreadable(error.detail) from None


def amount_number(minor: int, currency: Currency) -> msgspec.Raw:
    """An amount as SuperPay wants it: a JSON number with all decimals."""
    return msgspec.Raw(format_minor(minor, currency).encode())


def request_body(fields: dict[str, Any], minor: int, code: str) -> bytes:
    """A request's body: the seed's fields, the same bytes for the same request."""
    amount = amount_number(minor, currency_of(code))
    return msgspec.json.encode({**fields, "amount": amount, "currency": code})


Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
PlaceName = Annotated[
    str, msgspec.Meta(pattern=r"^(wallet:[1-9][0-9]{0,15}|clearing|suspense|breaks)\Z")
]


class LedgerBody(Body, frozen=True, kw_only=True):
    """A posting; `from` and `to`: `wallet:17`, `clearing`, `suspense` or `breaks`."""

    from_: PlaceName = msgspec.field(name="from")
    to: PlaceName
    amount: Amount
    currency: CurrencyCode


class ResolveBody(Body, frozen=True, kw_only=True):
    """A reason, and, where money has to move, the posting: then a second key must send the same."""

    reason: Reason
    ledger: LedgerBody | None = None


class AssignBody(Body, frozen=True, kw_only=True):
    """Who works on it."""

    assignee: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class FetchBody(Body, frozen=True, kw_only=True):
    """The UTC day whose registry to fetch."""

    date: dt.date


class UploadQuery(Query, frozen=True, kw_only=True):
    """`date`: the file's UTC day, needed for CSV. `closed`: for CSV, whether it is final.

    Without `closed` a CSV file is final from 02:00 UTC of the next day on. `empty=true` says that a
    file without lines is meant so.
    """

    date: dt.date | None = None
    closed: bool | None = None
    empty: bool = False


class BreaksQuery(Page, frozen=True, kw_only=True):
    """Filters of the list."""

    state: BreakState | None = None
    kind: BreakKind | None = None
    severity: Literal["medium", "high", "critical"] | None = None
    merchant_id: int | None = None
    assignee: str | None = None

    def filters(self) -> dict[str, str | int]:
        """What the query names, by column."""
        values = {
            "state": self.state.value if self.state else None,
            "kind": self.kind.value if self.kind else None,
            "severity": self.severity,
            "merchant_id": self.merchant_id,
            "assignee": self.assignee,
        }
        return {name: value for name, value in values.items() if value is not None}


class CallbacksQuery(Page, frozen=True, kw_only=True):
    """`state=operator` shows what a person has to look at."""

    state: CallbackState | None = None
