"""Bodies and responses under /bank with the assignment's field names; amounts are strings."""

from typing import Annotated, ClassVar

import msgspec

from payments.http.body import Amount, Body

REFUNDS_MAX = 100
"""Payments in one refund: they are one atomic operation."""

Number = Annotated[str, msgspec.Meta(min_length=1, max_length=64, examples=["1xf3g"])]
OperationKey = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Code = Annotated[
    str,
    msgspec.Meta(min_length=1, max_length=16, description="The six digits", examples=["031337"]),
]


class KeyedBody(Body, frozen=True, kw_only=True):
    """`api_key` may be omitted when the key is sent as a bearer token."""

    api_key: Annotated[str, msgspec.Meta(examples=["sfxf2d@3"])] | msgspec.UnsetType = msgspec.UNSET

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"


class AuthBody(KeyedBody, frozen=True, kw_only=True):
    """The customer account to check."""

    example: ClassVar = {"api_key": "sfxf2d@3", "number_invoice_customer": "1xf3g"}

    number_invoice_customer: Number


class BalanceBody(KeyedBody, frozen=True, kw_only=True):
    """The account whose balance is requested."""

    example: ClassVar = {"api_key": "sfxf2d@3", "number_invoice_seller": "1ck3l"}

    number_invoice_seller: Number


class PayBody(KeyedBody, frozen=True, kw_only=True):
    """Payer, payee and price."""

    example: ClassVar = {
        "api_key": "sfxf2d@3",
        "number_invoice_seller": "1ck3l",
        "number_invoice_customer": "1xf3g",
        "price": "2000",
    }

    number_invoice_seller: Number
    number_invoice_customer: Number
    price: Amount


class ConfirmBody(KeyedBody, frozen=True, kw_only=True):
    """The code from the customer's mail."""

    example: ClassVar = {
        "api_key": "sfxf2d@3",
        "operation_key": "2b06a1332fef4742a71f7aa9531aea1e",
        "code": "618428",
    }

    operation_key: OperationKey
    code: Code


class OperationBody(KeyedBody, frozen=True, kw_only=True):
    """The payment to query."""

    example: ClassVar = {
        "api_key": "sfxf2d@3",
        "operation_key": "2b06a1332fef4742a71f7aa9531aea1e",
    }

    operation_key: OperationKey


class RefundBody(KeyedBody, frozen=True, kw_only=True):
    """Payments to refund, all or none, each listed once."""

    example: ClassVar = {
        "api_key": "sfxf2d@3",
        "operation_keys": ["2b06a1332fef4742a71f7aa9531aea1e"],
    }

    operation_keys: Annotated[
        list[OperationKey], msgspec.Meta(min_length=1, max_length=REFUNDS_MAX)
    ]


class AuthAnswer(msgspec.Struct, frozen=True):
    """The customer's address, masked."""

    customer: str


class BalanceAnswer(msgspec.Struct, frozen=True):
    """The balance: "350000" when it is whole, otherwise with decimals."""

    balance: str


class OperationAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The customer pays `amount`, its bank keeps `fee`, the seller gets `received`.

    `status`: pause, success, expired or refunded. `refund_fee`: return (a refund gives the fee
    back) or keep.
    """

    operation_key: str
    status: str
    amount: str
    fee: str
    received: str
    currency: str
    refund_fee: str
    number_invoice_customer: str
    bank_customer: str
    number_invoice_seller: str
    bank_seller: str
    created_at: str
    expires_at: str
    paid_at: str | None
    refunded_at: str | None
