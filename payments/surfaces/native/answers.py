"""Lists and bulk items as the native API answers them."""

from collections.abc import Iterator
from typing import Annotated, Final
from uuid import UUID

import msgspec

from payments.endpoints.queries import DeliveryView, EndpointView
from payments.kernel.free_json import JsonObject
from payments.kernel.words import one_of
from payments.operations.outcome import Status
from payments.reads.entries import EntryView
from payments.transactions.queries import TransactionView
from payments.wallets.queries import WalletView

NOT_ACCEPTED: Final = "not_accepted"
"""An item that was not accepted, beside others that were, and may be sent again."""


class WalletList(msgspec.Struct, kw_only=True):
    """A page of wallets."""

    items: list[WalletView]
    next_cursor: str | None


class EntryList(msgspec.Struct, kw_only=True):
    """A page of entries."""

    items: list[EntryView]
    next_cursor: str | None


class PostingLine(msgspec.Struct, frozen=True, kw_only=True):
    """A posting of a transaction as CSV has it; `posting` counts from 1."""

    transaction_id: UUID
    posting: int
    operation_id: UUID
    kind: str
    client: str
    source: str
    destination: str
    amount: str
    currency: str
    reference: str
    description: str
    metadata: JsonObject
    effective_at: str | None
    created_at: str
    reversed: bool
    reversed_by: UUID | None
    reversal_of: UUID | None


def posting_lines(transaction: TransactionView) -> Iterator[PostingLine]:
    """A line for each posting, with what the transaction says."""
    said = msgspec.structs.asdict(transaction)
    postings = said.pop("postings")
    for number, posting in enumerate(postings, start=1):
        yield PostingLine(posting=number, **said, **msgspec.structs.asdict(posting))


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
