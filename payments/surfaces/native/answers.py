"""Lists and bulk items as the native API answers them."""

from typing import Annotated, Final

import msgspec

from payments.endpoints.queries import DeliveryView, EndpointView
from payments.kernel.words import one_of
from payments.operations.outcome import Status
from payments.reads.entries import EntryView
from payments.wallets.queries import WalletView

NOT_ACCEPTED: Final = "not_accepted"
"""An item that was not accepted and may be sent again."""


class WalletList(msgspec.Struct, kw_only=True):
    """A page of wallets."""

    items: list[WalletView]
    next_cursor: str | None


class EntryList(msgspec.Struct, kw_only=True):
    """A page of entries."""

    items: list[EntryView]
    next_cursor: str | None


class BulkItem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What became of one item.

    Accepted, applied (with its result's fields), rejected (with `reason`) or not_accepted.
    """

    operation_id: str | None
    status: Annotated[str, one_of((*(s.value for s in Status), NOT_ACCEPTED))]
    reason: str | None = None
    detail: str | None = None
    errors: list[dict[str, str | int]] = []
    retryable: bool | None = None


class BulkAnswer(msgspec.Struct, kw_only=True):
    """One item each, in the order they were sent."""

    items: list[BulkItem]


class EndpointWithSecret(EndpointView, frozen=True, kw_only=True):
    """The endpoint and its secret, shown this once."""

    secret: str


class EndpointList(msgspec.Struct, kw_only=True):
    """A page of endpoints."""

    items: list[EndpointView]
    next_cursor: str | None


class DeliveryList(msgspec.Struct, kw_only=True):
    """A page of deliveries."""

    items: list[DeliveryView]
    next_cursor: str | None


class Recovered(msgspec.Struct, kw_only=True):
    """How many are sent again."""

    recovered: int
