"""Request bodies and query strings of the shop."""

from typing import Annotated, ClassVar, Final

import msgspec

from payments.http.amounts import AmountOrNumber
from payments.http.body import Body, CurrencyCode
from payments.http.lists import Page
from payments.surfaces.shop.config import CURRENCY
from payments.users.passwords import PASSWORD_MIN
from payments.users.tables import LOGIN_MAX

NUMBER_MAX: Final = 10**16 - 1
"""The provider's numbers have up to 16 digits."""

Number = Annotated[int, msgspec.Meta(gt=0, le=NUMBER_MAX)]
Login = Annotated[str, msgspec.Meta(min_length=1, max_length=LOGIN_MAX)]
Password = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
NewPassword = Annotated[str, msgspec.Meta(min_length=PASSWORD_MIN, max_length=256)]
Title = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Description = Annotated[str, msgspec.Meta(max_length=10_000)]


class CredentialsBody(Body, frozen=True, kw_only=True):
    """Login and password."""

    example: ClassVar = {"login": "alice", "password": "alice-demo-password"}

    login: Login
    password: Password

    def __repr__(self) -> str:
        return "CredentialsBody(***)"


class NewCredentialsBody(CredentialsBody, frozen=True, kw_only=True):
    """Login and password of a new user; the password has at least 8 characters."""

    password: NewPassword

    def __repr__(self) -> str:
        return "NewCredentialsBody(***)"


class PurchaseBody(Body, frozen=True, kw_only=True):
    """The bill to pay from."""

    example: ClassVar = {"bill_id": 700001}

    bill_id: Number


class UserBody(Body, frozen=True, kw_only=True):
    """Enable or disable a user."""

    example: ClassVar = {"is_active": False}

    is_active: bool


class ProductBody(Body, frozen=True, kw_only=True):
    """A whole product."""

    example: ClassVar = {"title": "Tea", "description": "Loose, 100 g", "price": 199}

    title: Title
    description: Description = ""
    price: AmountOrNumber
    currency: CurrencyCode = CURRENCY


class ProductPatch(Body, frozen=True, kw_only=True):
    """Fields to change; a price without a currency is in the product's currency."""

    example: ClassVar = {"price": 12.5}

    title: Title | msgspec.UnsetType = msgspec.UNSET
    description: Description | msgspec.UnsetType = msgspec.UNSET
    price: AmountOrNumber = msgspec.field(default_factory=msgspec.Raw)
    currency: CurrencyCode | msgspec.UnsetType = msgspec.UNSET


class TransactionsQuery(Page, frozen=True, kw_only=True):
    """`?bill_id=`: transactions of this bill only."""

    bill_id: Number | None = None


class TurnedAwayQuery(Page, frozen=True, kw_only=True):
    """`?kind=`: webhooks refused with this code only."""

    kind: Annotated[str, msgspec.Meta(max_length=50)] | None = None
