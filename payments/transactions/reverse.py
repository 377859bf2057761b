"""transaction.reverse: all money of a transaction goes back, once."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from uuid import UUID

import msgspec

from payments.kernel.ids import AccountId, sortable_id
from payments.ledger.account import Account
from payments.ledger.chart import AccountStatus
from payments.ledger.posting import Leg, move
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import About, Applied, Outcome, Refusal, Refused, Result
from payments.operations.record import Record, Ref
from payments.operations.refusals import INSUFFICIENT_FUNDS
from payments.operations.transaction import Transaction
from payments.transactions.refusals import TRANSACTION_NOT_FOUND
from payments.transfers.refusals import ALREADY_REVERSED, NOT_REVERSIBLE
from payments.transfers.tables import Transfer
from payments.wallets.refusals import WALLET_CLOSED, WALLET_FROZEN

REVERSIBLE: Final = ("transaction.create", "transfer.create", "wallet.adjust", "hold.capture")
"""What nothing beside the ledger depends on; other kinds are reversed where they came from."""


class ReverseTransaction(Intent, frozen=True, kw_only=True):
    """Give all of it back; `is_forced`: also where that takes a wallet below its limit."""

    transaction_id: UUID
    reason: str = ""
    is_forced: bool = False


class TransactionReversed(Result, frozen=True, kw_only=True):
    """`transaction_id` is the reversal's own."""

    transaction_id: str
    reversal_of: str
    description: str


def accounts(intent: ReverseTransaction, state: State) -> Iterable[AccountId]:
    """Every account of its postings."""
    transaction = state.record(Transaction, intent.transaction_id)
    return () if transaction is None else {leg.account_id for leg in _legs(transaction)}


def decide(intent: ReverseTransaction, state: State, context: Context) -> Outcome:
    """Whole and once; who got the money still has it, or is made to pay."""
    transaction = state.record(Transaction, intent.transaction_id)
    if transaction is None:
        return Refused(refusal=TRANSACTION_NOT_FOUND)
    transfer = state.record(Transfer, intent.transaction_id)
    legs = _legs(transaction)
    refusal = _not_to_be_reversed(transaction, transfer) or _blocked(legs, state)
    if refusal is not None:
        return Refused(refusal=refusal)
    short = list(_short(legs, state))
    if short and not (intent.is_forced and all(a.code.startswith("wallet:") for a in short)):
        return Refused(refusal=INSUFFICIENT_FUNDS)
    id_ = sortable_id(context.operation_id, context.now)
    rows: list[Record] = [transaction.changed(reversed_by=id_)]
    if transfer is not None:
        rows += _transfers(transfer, id_, context)
    return Applied(
        legs=legs,
        forces=tuple(account.id for account in short),
        puts=tuple(rows),
        about=About(reversal_of=transaction.id, reference=transaction.reference),
        result=TransactionReversed(
            transaction_id=str(id_), reversal_of=str(transaction.id), description=intent.reason
        ),
    )


def _not_to_be_reversed(transaction: Transaction, transfer: Transfer | None) -> Refusal | None:
    if transaction.kind not in REVERSIBLE:
        return NOT_REVERSIBLE
    if transaction.reversed_by is not None or (transfer is not None and transfer.reversed_minor):
        return ALREADY_REVERSED
    return None


def _blocked(legs: Sequence[Leg], state: State) -> Refusal | None:
    for leg in legs:
        account = state.account(leg.account_id)
        if account is None or account.status == AccountStatus.CLOSED.value:
            return WALLET_CLOSED
        if not account.lets(is_debit=leg.minor < 0):
            return WALLET_FROZEN
    return None


def _legs(transaction: Transaction) -> tuple[Leg, ...]:
    """Its postings backwards."""
    postings: list[tuple[AccountId, AccountId, int, int]] = msgspec.json.decode(
        transaction.postings
    )
    return tuple(
        leg
        for source, destination, minor, _ in reversed(postings)
        for leg in move(destination, source, minor)
    )


def _short(legs: Sequence[Leg], state: State) -> Iterator[Account]:
    change: dict[AccountId, int] = {}
    for leg in legs:
        change[leg.account_id] = change.get(leg.account_id, 0) + leg.minor
    for account_id, minor in change.items():
        account = state.account(account_id)
        if account is not None and account.lacks(minor):
            yield account


def _transfers(transfer: Transfer, id_: UUID, context: Context) -> tuple[Transfer, Transfer]:
    """The transfer, reversed, and the one that goes back."""
    back = Transfer(
        id=id_,
        source_wallet_id=transfer.destination_wallet_id,
        destination_wallet_id=transfer.source_wallet_id,
        minor=transfer.minor,
        currency=transfer.currency,
        reversed_minor=0,
        reversal_of=transfer.id,
        description=f"reversal of {transfer.id}",
        created_at=context.now,
    )
    return transfer.changed(reversed_minor=transfer.minor), back


OPERATION = Operation(
    kind="transaction.reverse",
    intent=ReverseTransaction,
    result=TransactionReversed,
    partition_key=lambda intent: str(intent.transaction_id),
    refs=lambda intent: (
        Ref(Transaction, intent.transaction_id),
        Ref(Transfer, intent.transaction_id),
    ),
    accounts=accounts,
    decide=decide,
    refusals=(
        TRANSACTION_NOT_FOUND,
        NOT_REVERSIBLE,
        ALREADY_REVERSED,
        WALLET_CLOSED,
        WALLET_FROZEN,
        INSUFFICIENT_FUNDS,
    ),
)
