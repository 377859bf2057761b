"""Shapes of the native API's answers, for the OpenAPI document."""

from typing import Any

import msgspec

from payments.wallets.queries import EntryView, WalletView


class Applied(msgspec.Struct, kw_only=True):
    """An applied operation."""

    operation_id: str
    status: str


class WalletApplied(Applied, kw_only=True):
    """The wallet that was opened; its own status is in `wallet_status`."""

    wallet_id: int
    currency: str
    owner: str
    metadata: dict[str, Any]
    wallet_status: str
    balance: str
    available: str
    held: str
    created_at: str


class FreezeApplied(Applied, kw_only=True):
    """`wallet_status`: active or frozen."""

    wallet_id: int
    wallet_status: str


class AdjustmentApplied(Applied, kw_only=True):
    """The wallet's balance afterwards."""

    wallet_id: int
    balance: str
    currency: str
    description: str


class TransferApplied(Applied, kw_only=True):
    """Both balances afterwards."""

    transfer_id: str
    source_balance: str
    destination_balance: str


class ReversalApplied(TransferApplied, kw_only=True):
    """`transfer_id` is the reversal's own."""

    reversal_of: str
    amount: str
    currency: str


class HoldApplied(Applied, kw_only=True):
    """The hold, and the wallet's money afterwards."""

    hold_id: str
    wallet_id: int
    amount: str
    currency: str
    available: str
    held: str
    expires_at: str | None


class CaptureApplied(Applied, kw_only=True):
    """Sums of the hold so far."""

    hold_id: str
    captured: str
    remaining: str
    released: str
    currency: str


class ReleaseApplied(Applied, kw_only=True):
    """What went back."""

    hold_id: str
    released: str
    currency: str


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
    status: str
    reason: str | None = None


class BulkAnswer(msgspec.Struct, kw_only=True):
    """One item each, in the order they were sent."""

    items: list[BulkItem]
