"""Request bodies of the native API."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final, Literal

import msgspec

from payments.http.body import Amount, Body, CurrencyCode, Id, Text
from payments.http.components import REF
from payments.http.lists import Page
from payments.kernel.free_json import EMPTY, JsonObject

HOLD_MAX_S: Final = 366 * 24 * 3600
BULK_MAX: Final = 1000


class OpenWalletBody(Body, frozen=True, kw_only=True):
    """A wallet to open.

    `owner` is the client's own word for whose it is; `metadata` comes back as it was given.
    """

    example: ClassVar = {"currency": "RUB", "owner": "user-17", "metadata": {}}

    currency: CurrencyCode
    owner: Annotated[str, msgspec.Meta(max_length=200)] = ""
    metadata: JsonObject = msgspec.field(default_factory=lambda: EMPTY)


class AdjustmentBody(Body, frozen=True, kw_only=True):
    """A correction by an operator, against the opening account."""

    example: ClassVar = {
        "wallet_id": 1,
        "amount": "100.00",
        "currency": "RUB",
        "direction": "credit",
        "reason": "opening",
    }

    wallet_id: Id
    amount: Amount
    currency: CurrencyCode
    direction: Literal["credit", "debit"]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class TransferBody(Body, frozen=True, kw_only=True):
    """Money from one wallet to another."""

    example: ClassVar = {
        "source_wallet_id": 1,
        "destination_wallet_id": 2,
        "amount": "12.30",
        "currency": "RUB",
        "description": "lunch",
    }

    source_wallet_id: Id
    destination_wallet_id: Id
    amount: Amount
    currency: CurrencyCode
    description: Text = ""


class ReversalBody(Body, frozen=True, kw_only=True):
    """All that is left of the transfer when there is no amount."""

    example: ClassVar = {"amount": "2.30"}

    amount: Amount = msgspec.field(default_factory=msgspec.Raw)


class HoldBody(Body, frozen=True, kw_only=True):
    """Money to keep aside; it lets go by itself after `expires_in_s`, if given."""

    example: ClassVar = {
        "wallet_id": 1,
        "amount": "10.00",
        "currency": "RUB",
        "expires_in_s": 3600,
        "description": "taxi",
    }

    wallet_id: Id
    amount: Amount
    currency: CurrencyCode
    expires_in_s: Annotated[int, msgspec.Meta(ge=1, le=HOLD_MAX_S)] | None = None
    description: Text = ""


class CaptureBody(Body, frozen=True, kw_only=True):
    """All that is left of the hold when there is no amount; `final` releases the rest."""

    example: ClassVar = {"amount": "7.00", "destination_wallet_id": 2, "final": True}

    destination_wallet_id: Id
    amount: Amount = msgspec.field(default_factory=msgspec.Raw)
    final: bool = False


class ChangeWalletBody(Body, frozen=True, kw_only=True):
    """What is not given stays. A member of `metadata` that is null is taken out."""

    example: ClassVar = {"metadata": {"tier": "gold", "old": None}, "overdraft_limit": "500.00"}

    metadata: JsonObject = msgspec.field(default_factory=lambda: EMPTY)
    overdraft_limit: Amount = msgspec.field(default_factory=msgspec.Raw)


class FreezeBody(Body, frozen=True, kw_only=True):
    """Which way no money goes, and why."""

    example: ClassVar = {"direction": "both", "reason": "court order 17"}

    direction: Literal["both", "debits", "credits"] = "both"
    reason: Text = ""


class ExtendHoldBody(Body, frozen=True, kw_only=True):
    """When the hold ends, counted from now."""

    example: ClassVar = {"expires_in_s": 600}

    expires_in_s: Annotated[int, msgspec.Meta(ge=1, le=HOLD_MAX_S)]


class EmptyBody(Body, frozen=True, kw_only=True):
    """No fields; the body may be left out."""

    example: ClassVar[Mapping[str, Any]] = {}


BULK_KINDS: Final[Mapping[str, str]] = {
    "transfer": "transfer.create",
    "transfer_reversal": "transfer.reverse",
    "transaction": "transaction.create",
    "transaction_reversal": "transaction.reverse",
    "hold": "hold.create",
    "capture": "hold.capture",
    "release": "hold.release",
    "hold_extension": "hold.extend",
    "adjustment": "wallet.adjust",
    "payout": "payout.request",
    "payout_cancellation": "payout.cancel",
    "deposit": "deposit.request",
}
"""What an item may be, and the kind of operation that it may say instead."""


def bulk_item_name(kind: str) -> str:
    """The name of the schema of an item."""
    return "Bulk" + "".join(word.capitalize() for word in kind.split("_"))


def _bulk_item() -> dict[str, Any]:
    """An item is the body of its kind; `payments.surfaces.native.bulk` makes the structs."""
    places = {kind: REF.format(name=bulk_item_name(kind)) for kind in BULK_KINDS}
    return {
        "oneOf": [{"$ref": place} for place in places.values()],
        "discriminator": {
            "propertyName": "kind",
            "mapping": {**places, **{BULK_KINDS[kind]: place for kind, place in places.items()}},
        },
    }


class BulkBody(Body, frozen=True, kw_only=True):
    """Operations in order, each `{"kind", "idempotency_key"?, …body of that POST}`."""

    example: ClassVar = {
        "operations": [{"kind": "transfer", "idempotency_key": "lunch-17", **TransferBody.example}]
    }

    operations: Annotated[
        list[Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema=_bulk_item())]],
        msgspec.Meta(min_length=1, max_length=BULK_MAX),
    ]
    atomic: bool = False


_TYPES_MAX: Final = 50

Types = Annotated[list[str], msgspec.Meta(max_length=_TYPES_MAX)]
Url = Annotated[str, msgspec.Meta(max_length=2000)]
Description = Annotated[str, msgspec.Meta(max_length=500)]


class EndpointBody(Body, frozen=True, kw_only=True):
    """Where to send events of these types (`payout.*`; none: all)."""

    example: ClassVar = {
        "url": "https://shop.example.com/hooks",
        "types": ["payout.*"],
        "description": "the shop",
    }

    url: Url
    types: Types = msgspec.field(default_factory=list)
    description: Description = ""


class EndpointPatch(Body, frozen=True, kw_only=True):
    """What to change of a webhook endpoint."""

    example: ClassVar = {"types": ["payout.*", "transfer.*"], "is_enabled": True}

    url: Url | msgspec.UnsetType = msgspec.UNSET
    types: Types | msgspec.UnsetType = msgspec.UNSET
    description: Description | msgspec.UnsetType = msgspec.UNSET
    is_enabled: bool | msgspec.UnsetType = msgspec.UNSET


class RecoverBody(Body, frozen=True, kw_only=True):
    """Since when what failed is sent again."""

    example: ClassVar = {"since": "2026-11-26T00:00:00Z"}

    since: Annotated[datetime, msgspec.Meta(tz=True)]


class DeliveriesQuery(Page, frozen=True, kw_only=True):
    """`status`: of the last attempt; pending: none yet."""

    status: Literal["pending", "succeeded", "failed"] | None = None
