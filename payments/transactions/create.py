"""transaction.create: 1 to 100 postings between wallets and house accounts, all or nothing."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import ClassVar

import msgspec

from payments.kernel.clock import rfc3339
from payments.kernel.free_json import EMPTY, JsonObject
from payments.kernel.ids import AccountId, sortable_id
from payments.kernel.money import currency_of, format_minor
from payments.kernel.strict import read_time
from payments.ledger import chart
from payments.ledger.posting import Leg, move
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import About, Applied, Outcome, Refusal, Refused, Result
from payments.operations.refusals import (
    ACCOUNT_NOT_FOUND,
    BALANCE_LIMIT,
    CURRENCY_MISMATCH,
    INSUFFICIENT_FUNDS,
)
from payments.transactions.address import account_id_at, name_in
from payments.transactions.refusals import PERIOD_CLOSED
from payments.wallets.refusals import (
    WALLET_CLOSED,
    WALLET_FROZEN,
    WALLET_NOT_FOUND,
    objection,
)


class Posting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`minor` of `currency` from one address to another."""

    source: str
    destination: str
    minor: int
    currency: str


class CreateTransaction(Intent, frozen=True, kw_only=True):
    """Move money along all postings at once; `effective_at` is RFC 3339 in UTC."""

    postings: tuple[Posting, ...]
    reference: str = ""
    description: str = ""
    metadata: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    effective_at: str | None = None

    free_json: ClassVar[tuple[str, ...]] = ("metadata",)


class PostingView(msgspec.Struct, frozen=True, kw_only=True):
    """One movement of a transaction."""

    source: str
    destination: str
    amount: str
    currency: str


class TransactionCreated(Result, frozen=True, kw_only=True):
    """The transaction as it was asked for."""

    transaction_id: str
    postings: list[PostingView]
    reference: str
    description: str
    metadata: JsonObject
    effective_at: str | None
    created_at: str


class PostingError(msgspec.Struct, frozen=True, kw_only=True):
    """What keeps one posting from being made."""

    field: str
    index: int
    code: str
    message: str


class PostingErrors(Result, frozen=True, kw_only=True):
    """Every posting that cannot be made; the outcome's reason is the first one's."""

    errors: list[PostingError]


_REFUSALS = tuple(
    refusal.carrying(PostingErrors)
    for refusal in (
        WALLET_NOT_FOUND,
        ACCOUNT_NOT_FOUND,
        CURRENCY_MISMATCH,
        WALLET_FROZEN,
        WALLET_CLOSED,
        INSUFFICIENT_FUNDS,
        BALANCE_LIMIT,
        PERIOD_CLOSED,
    )
)
_CARRYING = {refusal.code: refusal for refusal in _REFUSALS}


def accounts(intent: CreateTransaction, _state: State) -> Iterable[AccountId]:
    """Every account that a posting names."""
    for posting in intent.postings:
        yield account_id_at(posting.source, posting.currency)
        yield account_id_at(posting.destination, posting.currency)


def decide(intent: CreateTransaction, state: State, context: Context) -> Outcome:
    """Every account can be used, and on the sum of all postings none lacks the money."""
    effective_at = _effective_at(intent, context)
    errors = (
        list(_unusable(intent, state))
        or list(_short(intent, state))
        or list(_uncountable(intent, state))
        or list(_answered(intent, state, effective_at))
    )
    if errors:
        refusal = _CARRYING[errors[0].code]
        return Refused(refusal=refusal, result=PostingErrors(errors=errors))
    metadata = EMPTY if intent.metadata is msgspec.UNSET else intent.metadata
    return Applied(
        legs=tuple(leg for posting in intent.postings for leg in _legs(posting)),
        about=About(
            reference=intent.reference or None,
            description=intent.description or None,
            metadata=None if intent.metadata is msgspec.UNSET else intent.metadata,
            effective_at=effective_at,
        ),
        result=TransactionCreated(
            transaction_id=str(sortable_id(context.operation_id, context.now)),
            postings=[
                PostingView(
                    source=posting.source,
                    destination=posting.destination,
                    amount=format_minor(posting.minor, currency_of(posting.currency)),
                    currency=posting.currency,
                )
                for posting in intent.postings
            ],
            reference=intent.reference,
            description=intent.description,
            metadata=metadata,
            effective_at=None if effective_at is None else rfc3339(effective_at),
            created_at=rfc3339(context.now),
        ),
    )


def _legs(posting: Posting) -> tuple[Leg, Leg]:
    return move(
        account_id_at(posting.source, posting.currency),
        account_id_at(posting.destination, posting.currency),
        posting.minor,
    )


def _unusable(intent: CreateTransaction, state: State) -> Iterator[PostingError]:
    for index, posting in enumerate(intent.postings):
        for side in ("source", "destination"):
            refusal = _objection(state, getattr(posting, side), posting.currency, side == "source")
            if refusal is not None:
                yield _error(index, side, refusal)


def _objection(state: State, address: str, currency: str, is_payer: bool) -> Refusal | None:  # noqa: FBT001 - one of two sides
    name = name_in(address)
    account = state.account(account_id_at(address, currency))
    if name is None:
        return objection(account, currency, is_payer=is_payer)
    if account is None or account.code != chart.named(name, currency).code:
        return ACCOUNT_NOT_FOUND
    return None


def _short(intent: CreateTransaction, state: State) -> Iterator[PostingError]:
    """What an account pays and gets is summed first: money may pass through an empty one."""
    change: dict[AccountId, int] = {}
    for posting in intent.postings:
        for leg in _legs(posting):
            change[leg.account_id] = change.get(leg.account_id, 0) + leg.minor
    for index, posting in enumerate(intent.postings):
        account = state.account(account_id_at(posting.source, posting.currency))
        if account is not None and account.lacks(change[account.id]):
            yield _error(index, "source", INSUFFICIENT_FUNDS)


def _uncountable(intent: CreateTransaction, state: State) -> Iterator[PostingError]:
    """Postings after which an account would hold more than any can count."""
    change: dict[AccountId, int] = {}
    for index, posting in enumerate(intent.postings):
        for side, leg in zip(("source", "destination"), _legs(posting), strict=True):
            change[leg.account_id] = change.get(leg.account_id, 0) + leg.minor
            account = state.account(leg.account_id)
            if account is not None and account.cannot_count(change[leg.account_id]):
                yield _error(index, side, BALANCE_LIMIT)


def _effective_at(intent: CreateTransaction, context: Context) -> datetime | None:
    """From when it counts; not later than now, whatever the clock was that accepted it."""
    return min(read_time(intent.effective_at), context.now) if intent.effective_at else None


def _answered(
    intent: CreateTransaction, state: State, effective_at: datetime | None
) -> Iterator[PostingError]:
    """Accounts whose balance by effective time was answered for a later moment than this."""
    if effective_at is None:
        return
    for index, posting in enumerate(intent.postings):
        for side in ("source", "destination"):
            account = state.account(account_id_at(getattr(posting, side), posting.currency))
            until = None if account is None else account.effective_until
            if until is not None and effective_at < until:
                yield PostingError(
                    field=f"postings[{index}].{side}",
                    index=index,
                    code=PERIOD_CLOSED.code,
                    message=f"the balance before {rfc3339(until)} was answered: choose that "
                    "effective_at or a later one",
                )


def _error(index: int, side: str, refusal: Refusal) -> PostingError:
    return PostingError(
        field=f"postings[{index}].{side}",
        index=index,
        code=refusal.code,
        message=refusal.sentence,
    )


OPERATION = Operation(
    kind="transaction.create",
    intent=CreateTransaction,
    result=TransactionCreated,
    # A wallet that pays has its transfers in the same partition.
    partition_key=lambda intent: intent.postings[0].source.removeprefix("wallet:"),
    accounts=accounts,
    decide=decide,
    refusals=_REFUSALS,
)
