"""Transactions: everything that moved money; asking for a reversal."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Final

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from sqlalchemy.ext.asyncio import AsyncEngine

import payments.transactions.reverse
from payments.approvals.queries import waiting_about
from payments.http.body import currency_in
from payments.http.lists import InvalidCursor
from payments.http.reply import Reply
from payments.http.services import HttpRequest
from payments.kernel.ids import parse_id
from payments.kernel.strict import day_bounds
from payments.ledger import chart
from payments.operators.action import Subject
from payments.operators.history import actions_on
from payments.reads.replica import ReadEngine
from payments.surfaces.console.access import ACT, page_access
from payments.surfaces.console.acting import Deed, ask_second
from payments.surfaces.console.cells import Amount, Id, Moment, State, Text
from payments.surfaces.console.config import ConsoleConfig
from payments.surfaces.console.forms import ActionForm, read_form
from payments.surfaces.console.lists import Column, ListPage, ListQuery, Sources, answer_list
from payments.surfaces.console.render import page
from payments.transactions import queries
from payments.transactions.queries import Position, TransactionView
from payments.transactions.reverse import REVERSIBLE, ReverseTransaction
from payments.transactions.search import Search, actors_of

PATH: Final = "/console/transactions"
_AMOUNT: Final = r"^(0|[1-9][0-9]{0,17})(\.[0-9]{1,4})?$"

Major = Annotated[str, msgspec.Meta(pattern=_AMOUNT)]
Row = tuple[TransactionView, Position]


class TransactionsQuery(ListQuery, frozen=True, kw_only=True):
    """Filters of the list."""

    wallet_id: int | None = None
    reference: Annotated[str, msgspec.Meta(max_length=128)] | None = None
    kind: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    client: Annotated[str, msgspec.Meta(max_length=128)] | None = None
    currency: str | None = None
    min_amount: Major | None = None
    max_amount: Major | None = None
    from_day: date | None = None
    to_day: date | None = None


class ReverseForm(ActionForm, frozen=True, kw_only=True):
    """`force`: also where it takes a wallet below its limit."""

    force: bool = False


async def load(
    sources: Sources, query: TransactionsQuery, after: Position | None, count: int
) -> Sequence[Row]:
    """Transactions, newest first, each with its place in the list."""
    engine, client = sources.engine, query.client
    actors = None if client is None else await actors_of(engine, client)
    search = Search(
        account_ids=None if query.wallet_id is None else (chart.wallet(query.wallet_id),),
        kind=query.kind,
        actors=actors,
        reference=query.reference,
        currency=None if query.currency is None else currency_in(query.currency).code,
        min_amount=None if query.min_amount is None else Decimal(query.min_amount),
        max_amount=None if query.max_amount is None else Decimal(query.max_amount),
        since=None if query.from_day is None else day_bounds(query.from_day)[0],
        until=None if query.to_day is None else day_bounds(query.to_day)[1],
    )
    if after is not None and not queries.is_of(after, search):
        raise InvalidCursor
    return await queries.list_transactions(engine, search, after, count)


def _href(transaction: TransactionView) -> str:
    return f"{PATH}/{transaction.transaction_id}"


def _state(row: Row) -> State:
    return State("reversed", "plain") if row[0].reversed else State("applied")


def _sides(row: Row) -> Text:
    """The first posting, and how many there are beside it."""
    first, *others = row[0].postings
    more = f" and {len(others)} more" if others else ""
    return Text(f"{first.source} → {first.destination}{more}")


TRANSACTIONS: Final = ListPage(
    path=PATH,
    title="Transactions",
    query=TransactionsQuery,
    columns=(
        Column("When", lambda r: Moment(r[0].created_at)),
        Column("Transaction", lambda r: Id(str(r[0].transaction_id), _href(r[0]))),
        Column("Kind", lambda r: Text(r[0].kind)),
        Column("From and to", _sides),
        Column(
            "Amount",
            lambda r: Amount(r[0].postings[0].amount, r[0].postings[0].currency),
            is_number=True,
        ),
        Column("Currency", lambda r: Text(r[0].postings[0].currency)),
        Column("Reference", lambda r: Text(r[0].reference)),
        Column("Description", lambda r: Text(r[0].description)),
        Column("Client", lambda r: Text(r[0].client)),
        Column("State", _state),
    ),
    load=load,
    key=lambda r: r[1],
    key_type=Position,
    empty="No money has moved yet. docs/api.md shows how to make a transfer.",
)


@get(PATH, access=page_access())
async def list_transactions(
    request: HttpRequest,
    reads: NamedDependency[ReadEngine],
    engine: NamedDependency[AsyncEngine],
    console: NamedDependency[ConsoleConfig],
) -> ASGIResponse:
    """Everything that moved money, newest first."""
    return await answer_list(request, TRANSACTIONS, (reads.engine, engine), console.lens())


@get(f"{PATH}/{{transaction_id:str}}", access=page_access())
async def show_transaction(
    request: HttpRequest, transaction_id: FromPath[str], engine: NamedDependency[AsyncEngine]
) -> Reply:
    """Postings, metadata with its history, reversals, and what operators did."""
    transaction = await queries.get_transaction(engine, parse_id(transaction_id))
    subject = Subject("transaction", str(transaction.transaction_id))
    return page(
        request,
        "transaction.html",
        at=PATH,
        transaction=transaction,
        metadata=msgspec.json.decode(transaction.metadata),
        changes=await queries.list_history(engine, transaction.transaction_id, None, 50),
        is_reversible=transaction.kind in REVERSIBLE and not transaction.reversed,
        waiting=await waiting_about(engine, subject.kind, subject.id),
        history=await actions_on(engine, subject),
    )


@post(f"{PATH}/{{transaction_id:str}}/reverse", access=page_access(ACT))
async def reverse(
    request: HttpRequest, transaction_id: FromPath[str], engine: NamedDependency[AsyncEngine]
) -> Reply:
    """Ask another operator to give all of it back."""
    form = await read_form(request, ReverseForm)
    transaction = await queries.get_transaction(engine, parse_id(transaction_id))
    intent = ReverseTransaction(
        transaction_id=transaction.transaction_id, reason=form.reason, is_forced=form.force
    )
    back = [
        f"{p.amount} {p.currency} from {p.destination} to {p.source}" for p in transaction.postings
    ]
    deed = Deed(
        key=form.key,
        subject=Subject("transaction", str(transaction.transaction_id)),
        reason=form.reason,
        back=_href(transaction),
        before={"reversed": False},
        after={"reversed": True, "moves": back, "even_below_the_limit": form.force},
    )
    first = transaction.postings[0]
    summary = f"Reverse {first.amount} {first.currency} to {first.source}"
    operation = payments.transactions.reverse.OPERATION
    return await ask_second(request, engine, operation, intent, deed, summary)


HANDLERS: Final = (list_transactions, show_transaction, reverse)
