"""Responses of the two services, with fields in the order of the assignment's examples."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Final
from uuid import UUID

import msgspec

from payments.clientwallets.queries import ClientWalletView, OutcomeView
from payments.http.amounts import AmountNumber
from payments.kernel.money import currency_of, float_number, float_text
from payments.kernel.words import kind_of_operation, one_of
from payments.operations.outcome import Status
from payments.reads.entries import EntryView
from payments.wallets.status import WALLET_STATUSES

_MESSAGES: Final = {
    "user_already_has_wallet": "user already has a wallet",
    "same_wallet": "source and destination are the same wallet",
    "source_wallet_not_owned": "source wallet does not belong to the user",
}
_SUCCESS: Final = "transaction was successful"


NaiveTime = Annotated[
    str,
    msgspec.Meta(
        extra_json_schema={
            "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{6}$",
            "examples": ["2021-05-04T22:14:24.943205"],
        },
    ),
]
"""UTC without saying so, as the seed writes it."""


class Info(msgspec.Struct, frozen=True):
    """A message about the outcome."""

    msg: str


class WalletAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A wallet; until decided, all fields but the handshake are null. `info`: why it was
    refused.
    """

    user_id: int | None = None
    handshake_id: str | None = None
    wallet_id: int | None = None
    status: Annotated[str, one_of((*WALLET_STATUSES, Status.REJECTED.value))] | None = None
    amount: AmountNumber | None = None
    created_at: NaiveTime | None = None
    updated_at: NaiveTime | None = None
    currency: str | None = None
    info: Info | msgspec.UnsetType = msgspec.UNSET


class ClientTransactionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction; until decided, all fields but the handshake are null."""

    user_id: int | None = None
    handshake_id: str | None = None
    transaction_id: int | None = None
    status: Annotated[str, one_of(("processed", Status.REJECTED.value))] | None = None
    source_wallet_id: int | None = None
    destination_wallet_id: int | None = None
    info: Info | None = None


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """A movement: `amount` is signed, `balance` is the balance after it.

    A movement of a transaction has its id and `counterparty`, the other wallet: `wallet:17`.
    """

    entry: int
    operation_id: UUID
    kind: Annotated[str, kind_of_operation()]
    amount: AmountNumber
    balance: AmountNumber
    created_at: str
    description: str
    transaction_id: int | None
    counterparty: str | None


class History(msgspec.Struct, frozen=True, kw_only=True):
    """A page of movements."""

    items: list[Movement]
    next_cursor: str | None


def wallet_answer(
    wallet: ClientWalletView, *, handshake_id: str | None = None, user_id: int | None = None
) -> WalletAnswer:
    """The wallet now. `user_id` is null beside a handshake, as in the assignment's example."""
    return WalletAnswer(
        user_id=user_id,
        handshake_id=handshake_id,
        wallet_id=wallet.wallet_id,
        status=wallet.status,
        amount=float_number(wallet.minor, currency_of(wallet.currency)),
        created_at=naive_iso(wallet.created_at),
        updated_at=naive_iso(wallet.updated_at),
        currency=wallet.currency.lower(),
    )


def refused_wallet(handshake_id: str, outcome: OutcomeView) -> WalletAnswer:
    """A refused wallet or deposit."""
    return WalletAnswer(
        handshake_id=handshake_id,
        status=Status.REJECTED.value,
        info=Info(refusal_message(outcome.reason)),
    )


def transaction_answer(handshake_id: str | None, outcome: OutcomeView) -> ClientTransactionAnswer:
    """A decided transaction: processed, or rejected with the reason as text."""
    is_applied = outcome.status == Status.APPLIED.value
    return ClientTransactionAnswer(
        handshake_id=handshake_id,
        transaction_id=outcome.result.get("transaction_id"),
        status="processed" if is_applied else Status.REJECTED.value,
        source_wallet_id=outcome.result.get("source_wallet_id"),
        destination_wallet_id=outcome.result.get("destination_wallet_id"),
        info=Info(_SUCCESS if is_applied else refusal_message(outcome.reason)),
    )


def movement(numbers: Mapping[UUID, int], entry: EntryView) -> Movement:
    """A ledger entry as a movement; `numbers`: transaction ids by operation id."""
    return Movement(
        entry=entry.entry,
        operation_id=entry.operation_id,
        kind=entry.kind,
        amount=float_text(entry.amount),
        balance=float_text(entry.balance),
        created_at=entry.created_at,
        description=entry.description,
        transaction_id=numbers.get(entry.operation_id),
        counterparty=entry.counterparty,
    )


def refusal_message(reason: str | None) -> str:
    """A refusal code as text: `insufficient_funds` → "insufficient funds"."""
    code = reason or "refused"
    return _MESSAGES.get(code, code.replace("_", " "))


def naive_iso(moment: datetime) -> str:
    """UTC without an offset, as in the assignment: `2021-05-04T22:14:24.943205`."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
