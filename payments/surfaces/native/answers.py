"""Lists and bulk items as the native API answers them."""

import msgspec

from payments.reads.entries import EntryView
from payments.wallets.queries import WalletView


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
