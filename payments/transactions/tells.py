"""Transactions as events tell them: as their GET gives them right after they were made."""

from typing import Any, Final

import msgspec

from payments.events.event import client_of
from payments.kernel.clock import rfc3339
from payments.kernel.free_json import EMPTY
from payments.kernel.ids import AccountId, sortable_id
from payments.kernel.money import CURRENCY_BY_NUMBER, format_minor
from payments.ledger.chart import address_of
from payments.operations.operation import State
from payments.operations.outcome import Decision
from payments.operations.telling import Says
from payments.operations.transaction import Transaction
from payments.transactions.create import PostingView
from payments.transactions.queries import TransactionView
from payments.transfers.tables import Transfer

_postings: Final = msgspec.json.Decoder(list[tuple[AccountId, AccountId, int, int]]).decode


class _Described(msgspec.Struct, frozen=True):
    description: str = ""


_described: Final = msgspec.json.Decoder(_Described).decode


def transaction_said(decision: Decision, _intent: Any, state: State) -> TransactionView | None:
    """The transaction of an operation."""
    id_ = sortable_id(decision.operation_id, decision.decided_at)
    transaction = state.record(Transaction, id_)
    if transaction is None:
        return None
    return TransactionView(
        transaction_id=transaction.id,
        operation_id=transaction.operation_id,
        kind=transaction.kind,
        client=client_of(transaction.actor),
        postings=[
            PostingView(
                source=_address(state, source),
                destination=_address(state, destination),
                amount=format_minor(minor, CURRENCY_BY_NUMBER[number]),
                currency=CURRENCY_BY_NUMBER[number].code,
            )
            for source, destination, minor, number in _postings(transaction.postings)
        ],
        reference=transaction.reference or "",
        description=_description(decision, transaction, state),
        metadata=EMPTY if transaction.metadata is None else transaction.metadata,
        effective_at=_or_none(transaction),
        created_at=rfc3339(transaction.created_at),
        reversed=False,
        reversed_by=None,
        reversal_of=transaction.reversal_of,
    )


def _address(state: State, id_: AccountId) -> str:
    return address_of(id_, state.balances.accounts[id_].code)


def _description(decision: Decision, transaction: Transaction, state: State) -> str:
    """In the order in which `GET /v1/transactions/{id}` looks for it."""
    if transaction.description is not None:
        return transaction.description
    transfer = state.record(Transfer, transaction.id)
    return _described(decision.result).description if transfer is None else transfer.description


def _or_none(transaction: Transaction) -> str | None:
    return None if transaction.effective_at is None else rfc3339(transaction.effective_at)


SAYS: Final = Says(noun="transaction", data=transaction_said)
