"""Responses of the shop. Amounts are JSON numbers, whole ones without a point: `100`, `12.50`."""

from typing import Annotated, Literal

import msgspec

from payments.bills.queries import TransactionView
from payments.kernel.clock import rfc3339
from payments.kernel.money import CURRENCIES, short_number

Number = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"type": "number"})]


class Registered(msgspec.Struct, kw_only=True):
    """A user who is not active yet; opening the link activates it."""

    user_id: int
    login: str
    is_active: bool
    activation_link: str


class Activated(msgspec.Struct, kw_only=True):
    """The user may log in."""

    user_id: int
    is_active: bool


class LoggedIn(msgspec.Struct, kw_only=True):
    """Send the token as `Authorization: Bearer`, for `expires_in` seconds."""

    access_token: str
    token_type: str
    expires_in: int

    def __repr__(self) -> str:
        return "LoggedIn(***)"


class ProductAnswer(msgspec.Struct, kw_only=True):
    """A product."""

    product_id: int
    title: str
    description: str
    price: Number
    currency: str


class AdminProduct(ProductAnswer, kw_only=True):
    """A product and its `version`, for `If-Match`."""

    version: int


class ProductList(msgspec.Struct, kw_only=True):
    """A page of products."""

    items: list[ProductAnswer]
    next_cursor: str | None


class AdminProductList(msgspec.Struct, kw_only=True):
    """A page of products."""

    items: list[AdminProduct]
    next_cursor: str | None


class Purchased(msgspec.Struct, kw_only=True):
    """What was paid, and what is left on the bill."""

    operation_id: str
    status: str
    product_id: int
    bill_id: int
    amount: Number
    balance: Number
    currency: str
    title: str


class BillAnswer(msgspec.Struct, kw_only=True):
    """A bill."""

    bill_id: int
    balance: Number
    currency: str


class BillList(msgspec.Struct, kw_only=True):
    """A page of bills."""

    items: list[BillAnswer]
    next_cursor: str | None


class TransactionAnswer(msgspec.Struct, kw_only=True):
    """A top-up (`transaction_id` is the provider's) or a purchase (it is the operation's)."""

    transaction_id: int | str
    bill_id: int
    amount: Number
    kind: Literal["topup", "purchase"]
    currency: str
    balance: Number
    product_id: int | None
    title: str | None
    operation_id: str
    created_at: str


class ShopTransactionList(msgspec.Struct, kw_only=True):
    """A page of transactions."""

    items: list[TransactionAnswer]
    next_cursor: str | None


class AdminUser(msgspec.Struct, kw_only=True):
    """A user and its newest bills; `has_more_bills` is true when there are older ones."""

    user_id: int
    login: str
    is_active: bool
    is_admin: bool
    created_at: str
    bills: list[BillAnswer]
    has_more_bills: bool


class AdminUserList(msgspec.Struct, kw_only=True):
    """A page of users."""

    items: list[AdminUser]
    next_cursor: str | None


class TurnedAwayAnswer(msgspec.Struct, kw_only=True):
    """A refused webhook: the code of its response and the SHA-256 of its body."""

    kind: str
    digest: str
    transaction_id: int | None
    detail: str
    turned_away_at: str


class TurnedAwayList(msgspec.Struct, kw_only=True):
    """A page of refused webhooks."""

    items: list[TurnedAwayAnswer]
    next_cursor: str | None


class TopUpAccepted(msgspec.Struct, kw_only=True):
    """The top-up is durable."""

    status: str
    operation_id: str


def number_in(minor: int, code: str) -> msgspec.Raw:
    """Minor units of a currency as a JSON number, without going through a float."""
    return short_number(minor, CURRENCIES[code])


def number_of_text(text: str) -> msgspec.Raw:
    """The JSON number of an amount formatted with all decimals."""
    whole, _, decimals = text.partition(".")
    return msgspec.Raw((text if decimals.strip("0") else whole).encode())


def transaction_answer(row: TransactionView) -> TransactionAnswer:
    """A top-up or a purchase as its user sees it."""
    return TransactionAnswer(
        transaction_id=row.transaction_id or str(row.operation_id),
        bill_id=row.bill_id,
        amount=number_in(row.minor, row.currency),
        kind="topup" if row.transaction_id else "purchase",
        currency=row.currency,
        balance=number_in(row.balance, row.currency),
        product_id=row.product_id,
        title=row.title,
        operation_id=str(row.operation_id),
        created_at=rfc3339(row.created_at),
    )
