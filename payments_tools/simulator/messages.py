"""Request and response shapes of SuperPay, and the stored transaction."""

import re
from datetime import UTC, datetime
from typing import Annotated, Final, TypeVar

import msgspec

from payments_tools.simulator.amounts import on_wire, other_currency, parse_minor
from payments_tools.simulator.errors import ApiError
from payments_tools.simulator.faults import Fault, Faults

MERCHANT_ID_MAX: Final = 2**53 - 1
MerchantId = Annotated[int, msgspec.Meta(ge=1, le=MERCHANT_ID_MAX)]
_Description = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
_Id = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}\Z")]
_Url = Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s]{1,2040}\Z")]
_Locale = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9-]{1,35}\Z")]

T = TypeVar("T")

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_FIELD: Final = re.compile(r"field `([^`]*)`|at `\$\.([^`]*)`")


class PayoutRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /api/payout`."""

    description: _Description
    amount: msgspec.Raw
    currency: str
    wallet_id: _Id
    merchant_id: MerchantId


class DepositRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /api/deposit`."""

    description: _Description
    amount: msgspec.Raw
    currency: str
    redirect_success_url: _Url
    redirect_failure_url: _Url
    locale: _Locale
    merchant_id: MerchantId


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A request with its amount in minor units; equal orders are the same request."""

    type: str
    merchant_id: int
    minor: int
    currency: str
    description: str
    wallet_id: str | None = None
    redirect_success_url: str | None = None
    redirect_failure_url: str | None = None
    locale: str | None = None


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """The true state of a transaction, before misbehaviours change what is shown."""

    transaction_id: str
    order: Order
    status: str
    version: int
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None = None
    failure_code: str | None = None
    refused: bool = False
    fee_minor: int | None = None
    page_url: str | None = None
    expires_at: datetime | None = None
    paid_minor: int | None = None
    paid_currency: str | None = None
    paid_late: bool = False


def decode_order(kind: str, body: bytes) -> Order:
    """The order in a request body; `kind` is "payout" or "deposit". Raises `ApiError`."""
    shape: type[PayoutRequest | DepositRequest] = (
        PayoutRequest if kind == "payout" else DepositRequest
    )
    asked = decode(body, shape)
    fields = {name: getattr(asked, name) for name in asked.__struct_fields__ if name != "amount"}
    minor = parse_minor(bytes(asked.amount), asked.currency)
    return msgspec.convert({**fields, "type": kind, "minor": minor}, Order)


def decode(body: bytes, shape: type[T]) -> T:
    """Decode the body as `shape`. Raises `ApiError` naming the wrong field."""
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as problem:
        found = _FIELD.search(str(problem))
        field = (found[1] or found[2]) if found else None
        if field is None:
            raise ApiError("malformed_request", str(problem)) from problem
        raise ApiError("invalid_field", str(problem), field=field) from problem
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise ApiError("malformed_request", "The body is not JSON.") from problem


def encode(value: object) -> bytes:
    """JSON with amounts as numbers that keep their decimals."""
    return _ENCODER.encode(value)


def moment(at: datetime | None) -> str | None:
    """RFC 3339 in UTC with microseconds."""
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def view(transaction: Transaction, faults: Faults) -> dict[str, object]:
    """The transaction in responses and callbacks, altered by misbehaviours."""
    order = transaction.order
    shown: dict[str, object] = {
        "transaction_id": transaction.transaction_id,
        "merchant_id": order.merchant_id,
        "type": order.type,
        "status": transaction.status,
        "version": transaction.version,
        **_money(transaction, faults),
        "description": order.description,
        "fee_amount": on_wire(transaction.fee_minor, order.currency),
        "fee_currency": None if transaction.fee_minor is None else order.currency,
        "created_at": moment(transaction.created_at),
        "updated_at": moment(transaction.updated_at),
        "completed_at": moment(transaction.completed_at),
        "failure": _failure(transaction.failure_code),
    }
    if order.type == "payout":
        return {**shown, "wallet_id": order.wallet_id}
    return {
        **shown,
        "redirect_url": transaction.page_url,
        "expires_at": moment(transaction.expires_at),
        "paid_late": transaction.paid_late,
    }


def _money(transaction: Transaction, faults: Faults) -> dict[str, object]:
    order = transaction.order
    extra = int(faults.get(Fault.ALTER_AMOUNT, 0))
    swap = Fault.ALTER_CURRENCY in faults
    currency = other_currency(order.currency) if swap else order.currency
    if order.type == "payout":
        return {"amount": on_wire(order.minor + extra, currency), "currency": currency}
    paid_currency = transaction.paid_currency
    if paid_currency is not None and swap:
        paid_currency = other_currency(paid_currency)
    paid_minor = None if transaction.paid_minor is None else transaction.paid_minor + extra
    asked = order.minor if paid_minor is not None else order.minor + extra
    return {
        "amount": on_wire(asked, currency),
        "currency": currency,
        "paid_amount": on_wire(paid_minor, paid_currency),
        "paid_currency": paid_currency,
    }


def _failure(code: str | None) -> dict[str, str] | None:
    return None if code is None else {"code": code, "message": code.replace("_", " ").capitalize()}
