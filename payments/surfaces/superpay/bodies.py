"""Incoming bodies: SuperPay's replies and callbacks, and those of /v1/reconciliation.

SuperPay's bodies are read leniently: unknown fields are ignored, required fields must be valid.
"""

import contextlib
import datetime as dt
import json
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec

from payments.breaks.resolve import PLACE_PATTERN
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
"""Statuses of a deposit for which nothing was paid."""

T = TypeVar("T")

WHOLE_END: Final = 2**53
Whole = Annotated[int, msgspec.Meta(ge=1, lt=WHOLE_END)]
"""An integer of the specification; larger values fit no column."""


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


class Wallet(msgspec.Struct, frozen=True, kw_only=True):
    """A wallet. `currency` is null where it takes any (the sandbox); `status`: active, blocked."""

    wallet_id: str
    currency: str | None
    status: str


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """The `error` of an answer that is not 2xx."""

    code: str
    definitive: bool
    money_moved: str
    message: str = ""
    transaction_id: str | None = None


class ErrorAnswer(msgspec.Struct, frozen=True):
    """An answer that is not 2xx."""

    error: ErrorBody


class Unreadable(Exception):
    """The body does not match the specification. `merchant_id`: the id it names nevertheless."""

    merchant_id: int | None = None


SuperPayWallet = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}\Z")]

UNREADABLE: Final = (msgspec.MsgspecError, ValueError, OverflowError, RecursionError)


def decode_transaction(raw: bytes) -> Sighting:
    """The transaction in an answer. Raises `Unreadable`."""
    try:
        return sighting_of(_decoded(raw, Transaction))
    except UNREADABLE as error:
        raise Unreadable(str(error)[:200]) from None


def decode_event(raw: bytes) -> Sighting:
    """The transaction in a callback, whose `type` must agree with it.

    Raises `Unreadable` with the merchant id it names.
    """
    try:
        event = _decoded(raw, Event)
        if event.type != f"{event.data.type}.{event.data.status}":
            raise Unreadable("type contradicts data")  # noqa: TRY301 - gets its merchant id below
        return sighting_of(event.data)
    except (Unreadable, *UNREADABLE) as error:
        unreadable = Unreadable(str(error)[:200])
        unreadable.merchant_id = merchant_id_in(raw)
        raise unreadable from None


def decode_wallet(raw: bytes) -> Wallet:
    """The wallet in an answer. Raises `Unreadable`."""
    try:
        return _decoded(raw, Wallet)
    except UNREADABLE as error:
        raise Unreadable(str(error)[:200]) from None


def decode_error(raw: bytes) -> ErrorBody:
    """The `error` of an answer that is not 2xx. Raises `Unreadable`."""
    try:
        return _decoded(raw, ErrorAnswer).error
    except UNREADABLE as error:
        raise Unreadable(str(error)[:200]) from None


def _decoded(raw: bytes, type_: type[T]) -> T:
    """Refuses duplicate keys: some readers take the first value, others the last."""
    value = msgspec.json.decode(raw, type=type_)
    json.loads(raw, object_pairs_hook=_refuse_doubled, parse_int=str, parse_float=str)
    return value


def _refuse_doubled(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key is duplicated")


def merchant_id_in(raw: bytes) -> int | None:
    """The first merchant id anywhere in a callback, even if the body is not valid as a whole."""
    merchant_ids: list[int] = []

    def note(pairs: list[tuple[str, Any]]) -> None:
        for name, value in pairs:
            if name == "merchant_id" and type(value) is int and 0 < value < WHOLE_END:
                merchant_ids.append(value)

    # An invalid body is read up to the fault.
    with contextlib.suppress(*UNREADABLE):
        json.loads(raw, object_pairs_hook=note)
    return merchant_ids[0] if merchant_ids else None


def sighting_of(transaction: Transaction) -> Sighting:
    """The transaction in our terms: ISO currency codes, times in UTC. Raises `Unreadable`."""
    if not 0 < len(transaction.transaction_id) <= ID_MAX:
        raise Unreadable("transaction_id")
    agreed = _money(transaction.amount, transaction.currency)
    paid = _paid(transaction)
    sighting = Sighting(
        kind=transaction.type,
        merchant_id=transaction.merchant_id,
        transaction_id=transaction.transaction_id,
        status=transaction.status,
        version=transaction.version,
        minor=agreed.minor,
        currency=agreed.currency,
        wallet_id=transaction.wallet_id or "",
        failure=transaction.failure.code if transaction.failure else "",
        redirect_url=transaction.redirect_url or "",
        expires_at=None if transaction.expires_at is None else check_time(transaction.expires_at),
        paid_minor=None if paid is None else paid.minor,
        paid_currency="" if paid is None else paid.currency,
        is_late=transaction.paid_late,
    )
    # Evidence must be storable, or the intent that carries it becomes a dead letter.
    if any(isinstance(text, str) and "\0" in text for text in msgspec.structs.astuple(sighting)):
        raise Unreadable("text with U+0000")
    return sighting


def _paid(transaction: Transaction) -> Money | None:
    """The amount paid, or None. Raises `Unreadable` when it contradicts the status."""
    is_paid = bytes(transaction.paid_amount) not in {b"", b"null"}
    if transaction.type == "deposit" and transaction.status == "paid" and not is_paid:
        raise Unreadable("paid, but no paid_amount")
    if not is_paid:
        return None
    if transaction.status in _NOTHING_PAID:
        raise Unreadable(f"{transaction.status}, but a paid_amount")
    return _money(transaction.paid_amount, transaction.paid_currency or "")


def _money(raw: msgspec.Raw, code: str) -> Money:
    try:
        return Money.parse(bytes(raw).strip(), code)
    except (InvalidAmount, InvalidCurrency) as error:
        raise Unreadable(error.detail) from None


def amount_number(minor: int, currency: Currency) -> msgspec.Raw:
    """An amount as SuperPay expects it: a JSON number with all decimals."""
    return msgspec.Raw(format_minor(minor, currency).encode())


def request_body(fields: dict[str, Any], minor: int, code: str) -> bytes:
    """A request body: the fields of the seed, with identical bytes for identical requests."""
    amount = amount_number(minor, currency_of(code))
    return msgspec.json.encode({**fields, "amount": amount, "currency": code})


Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
PlaceName = Annotated[str, msgspec.Meta(pattern=PLACE_PATTERN)]


class LedgerBody(Body, frozen=True, kw_only=True):
    """A posting; `from` and `to`: `wallet:17`, `clearing`, `suspense` or `breaks`."""

    from_: PlaceName = msgspec.field(name="from")
    to: PlaceName
    amount: Amount
    currency: CurrencyCode


class BreakResolutionBody(Body, frozen=True, kw_only=True):
    """A reason and, if money has to move, the posting: then a second key must send the same."""

    reason: Reason
    ledger: LedgerBody | None = None


class AssignBody(Body, frozen=True, kw_only=True):
    """The operator who works on the break."""

    assignee: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class FetchBody(Body, frozen=True, kw_only=True):
    """The UTC day whose registry to fetch."""

    date: dt.date


class UploadQuery(Query, frozen=True, kw_only=True):
    """`date`: the file's UTC day, required for CSV. `closed`: for CSV, whether it is final.

    Without `closed` a CSV file is final from 02:00 UTC of the next day on. `empty=true` confirms
    that a file without lines is intended.
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
    """`state=operator` lists callbacks that an operator has to look at."""

    state: CallbackState | None = None
