"""What the server answers. Fields that a newer server adds are ignored."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all answers."""


class Applied(Answer, frozen=True, kw_only=True):
    """Base of what an applied operation answers."""

    operation_id: str


class WalletOpened(Applied, frozen=True, kw_only=True):
    wallet_id: int
    currency: str
    owner: str
    balance: Decimal
    available: Decimal
    held: Decimal


class Wallet(Answer, frozen=True, kw_only=True):
    """A wallet; `available` and `held` are None for a balance at a time in the past."""

    wallet_id: int
    currency: str
    owner: str
    metadata: dict[str, Any]
    status: str
    balance: Decimal
    available: Decimal | None
    held: Decimal | None
    created_at: datetime


class Adjusted(Applied, frozen=True, kw_only=True):
    wallet_id: int
    balance: Decimal
    currency: str


class Entry(Answer, frozen=True, kw_only=True):
    """A movement of a wallet; `amount` is signed, `balance` is the one after it."""

    entry: int
    operation_id: str
    transaction_id: str | None
    kind: str
    amount: Decimal
    balance: Decimal
    created_at: datetime
    description: str
    reference: str = ""
    counterparty: str | None = None


class Transferred(Applied, frozen=True, kw_only=True):
    transfer_id: str
    source_balance: Decimal
    destination_balance: Decimal


class Transfer(Answer, frozen=True, kw_only=True):
    transfer_id: str
    source_wallet_id: int
    destination_wallet_id: int
    amount: Decimal
    currency: str
    reversed: Decimal
    reversal_of: str | None
    description: str
    created_at: datetime


class HoldCreated(Applied, frozen=True, kw_only=True):
    hold_id: str
    wallet_id: int
    amount: Decimal
    currency: str
    available: Decimal
    held: Decimal
    expires_at: datetime | None


class HoldCaptured(Applied, frozen=True, kw_only=True):
    hold_id: str
    captured: Decimal
    remaining: Decimal
    released: Decimal


class HoldReleased(Applied, frozen=True, kw_only=True):
    hold_id: str
    released: Decimal


class Hold(Answer, frozen=True, kw_only=True):
    hold_id: str
    wallet_id: int
    status: str
    amount: Decimal
    captured: Decimal
    released: Decimal
    remaining: Decimal
    currency: str
    expires_at: datetime | None


class Posting(Answer, frozen=True, kw_only=True):
    """One movement between `wallet:<id>` and `account:<name>`."""

    source: str
    destination: str
    amount: Decimal
    currency: str


class TransactionCreated(Applied, frozen=True, kw_only=True):
    transaction_id: str
    postings: list[Posting]
    reference: str
    created_at: datetime


class Transaction(Answer, frozen=True, kw_only=True):
    """Everything that moved money, whatever surface it came through."""

    transaction_id: str
    operation_id: str
    kind: str
    client: str
    postings: list[Posting]
    reference: str
    description: str
    metadata: dict[str, Any]
    created_at: datetime
    reversed: bool
    reversal_of: str | None


class Payee(Answer, frozen=True, kw_only=True):
    """A saved SuperPay wallet; `status`: confirmed by SuperPay (at `checked_at`) or unconfirmed."""

    payee_id: str
    owner: str
    user_id: int | None = None
    superpay_wallet_id: str
    currency: str
    name: str
    status: str
    checked_at: datetime | None
    created_at: datetime


class PayoutRequested(Applied, frozen=True, kw_only=True):
    """`status` is the payout's own: `held` as soon as its money is held."""

    payout_id: str
    status: str
    wallet_id: int
    superpay_wallet_id: str = ""
    amount: Decimal
    currency: str
    available: Decimal
    held: Decimal


class Payout(Answer, frozen=True, kw_only=True):
    """`explanation` says in a sentence where it stands."""

    payout_id: str
    wallet_id: int
    superpay_wallet_id: str
    payee_id: str | None = None
    amount: Decimal
    currency: str
    status: str
    reason: str | None
    explanation: str
    created_at: datetime
    ended_at: datetime | None


class PayoutCancelled(Applied, frozen=True, kw_only=True):
    payout_id: str
    payout_status: str


class Operation(Answer, frozen=True, kw_only=True):
    """`status`: accepted, applied, rejected (`reason`) or parked (an operator has it)."""

    operation_id: str
    kind: str
    status: str
    reason: str | None = None
    result: dict[str, Any] | None = None
    accepted_at: datetime
    decided_at: datetime | None = None


class Event(Answer, frozen=True, kw_only=True):
    """What happened, in the order of `sequence`; `data` is the thing as its GET gives it."""

    id: str
    sequence: int
    type: str
    occurred_at: datetime
    operation_id: str | None
    client: str
    data: dict[str, Any]
