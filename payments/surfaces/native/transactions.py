"""Transactions: make, look, find again."""

from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import Annotated, Final

import msgspec
from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from sqlalchemy.ext.asyncio import AsyncEngine

import payments.transactions.create
import payments.transactions.reverse
from payments.accounts.queries import accounts_named
from payments.http.access import Access
from payments.http.auth import API_KEY, InsufficientScope, actor_of
from payments.http.body import currency_in, free_json_in, read_body
from payments.http.follow_up import existing
from payments.http.listing import Lines, Listing, list_reply
from payments.http.lists import InvalidCursor, Page
from payments.http.operations import submit
from payments.http.query import InvalidQuery, read_query
from payments.http.reply import Reply, json_reply
from payments.http.scopes import ADMIN
from payments.http.services import HttpRequest, Time, service
from payments.kernel.ids import parse_id
from payments.kernel.strict import NotRead, read_id
from payments.ledger import chart
from payments.reads.replica import ReadEngine
from payments.surfaces.native.answers import PostingLine, posting_lines
from payments.surfaces.native.entries import Metadata, Moment
from payments.surfaces.native.postings import (
    ChangeTransactionBody,
    ReverseTransactionBody,
    TransactionBody,
    check_accounts,
    transaction,
)
from payments.transactions import queries, writes
from payments.transactions.address import ACCOUNT, WALLET, read_name
from payments.transactions.queries import ChangeView, Position, TransactionView
from payments.transactions.reverse import ReverseTransaction
from payments.transactions.search import Search, actors_of

READ: Final = "wallets:read"
WRITE: Final = "transfers:write"
_AMOUNT: Final = r"^(0|[1-9][0-9]{0,17})(\.[0-9]{1,4})?$"

Major = Annotated[str, msgspec.Meta(pattern=_AMOUNT)]


class TransactionsQuery(Page, frozen=True, kw_only=True, rename={"from_": "from"}):
    """Filters, all of which must hold; `from` is counted in, `to` is not."""

    wallet_id: int | None = None
    account: Annotated[str, msgspec.Meta(max_length=80)] | None = None
    kind: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    client: Annotated[str, msgspec.Meta(max_length=128)] | None = None
    reference: Annotated[str, msgspec.Meta(max_length=128)] | None = None
    currency: str | None = None
    min_amount: Major | None = None
    max_amount: Major | None = None
    from_: Moment | None = None
    to: Moment | None = None
    metadata: Metadata = msgspec.field(default_factory=dict)


class HistoryList(msgspec.Struct, kw_only=True):
    """A page of changes."""

    items: list[ChangeView]
    next_cursor: str | None


class TransactionList(msgspec.Struct, kw_only=True):
    """A page of transactions."""

    items: list[TransactionView]
    next_cursor: str | None


@post(
    "/v1/transactions",
    access=Access(
        API_KEY,
        WRITE,
        operation=payments.transactions.create.OPERATION,
        body=TransactionBody,
    ),
)
async def create_transaction(request: HttpRequest, clock: NamedDependency[Time]) -> Reply:
    """Move money along 1 to 100 postings at once, all or nothing.

    Postings that touch an `account:` need `ledger:admin` or `accounts:<name>` as well.
    """
    body = await read_body(request, TransactionBody)
    intent = transaction(body, clock.now())
    check_accounts(actor_of(request), intent.postings)
    return await submit(request, payments.transactions.create.OPERATION, intent)


@get(
    "/v1/transactions/{transaction_id:str}",
    access=Access(API_KEY, READ, answers={200: TransactionView}),
)
async def get_transaction(request: HttpRequest, transaction_id: FromPath[str]) -> Reply:
    """What moved money, by its own id or its operation's."""
    return json_reply(await look(request, transaction_id))


@post(
    "/v1/transactions/{transaction_id:str}/reverse",
    access=Access(
        API_KEY,
        WRITE,
        operation=payments.transactions.reverse.OPERATION,
        body=ReverseTransactionBody,
        may_be_empty=True,
    ),
)
async def reverse_transaction(request: HttpRequest, transaction_id: FromPath[str]) -> Reply:
    """Give all of a transaction back, once.

    `force` needs `ledger:admin`: the payer's wallet may go below zero, and pays nothing until it
    is made good.
    """
    body = await read_body(request, ReverseTransactionBody)
    found = await look(request, transaction_id)
    intent = reversal(request, found, body)
    order = found.postings[-1].destination.removeprefix(WALLET)
    return await submit(request, payments.transactions.reverse.OPERATION, intent, order=order)


@patch(
    "/v1/transactions/{transaction_id:str}",
    access=Access(API_KEY, WRITE, body=ChangeTransactionBody, answers={200: TransactionView}),
)
async def change_transaction(
    request: HttpRequest,
    transaction_id: FromPath[str],
    engine: NamedDependency[AsyncEngine],
    clock: NamedDependency[Time],
) -> Reply:
    """Merge metadata; what it was stays on record."""
    body = await read_body(request, ChangeTransactionBody)
    change = free_json_in(body.metadata, "metadata")
    found = await look(request, transaction_id)
    if change is not msgspec.UNSET:
        actor = actor_of(request).name
        await writes.change_metadata(engine, clock.now(), found.transaction_id, actor, change)
    return json_reply(await queries.get_transaction(engine, found.transaction_id))


@get(
    "/v1/transactions/{transaction_id:str}/history",
    access=Access(API_KEY, READ, query=Page, answers={200: HistoryList}),
)
async def list_history(
    request: HttpRequest, transaction_id: FromPath[str], engine: NamedDependency[AsyncEngine]
) -> ASGIResponse:
    """What the metadata was: newest first, each with who changed it and when."""
    query = read_query(request, Page)
    found = await look(request, transaction_id)
    listing = Listing(
        cursor=int,
        read=partial(queries.list_history, engine, found.transaction_id),
        key=lambda row: row.change,
    )
    return await list_reply(request, query, listing)


def reversal(
    request: HttpRequest, found: TransactionView, body: ReverseTransactionBody
) -> ReverseTransaction:
    """The intent of a body. Raises 403 `insufficient_scope`."""
    actor = actor_of(request)
    if body.force and not actor.may(ADMIN):
        raise InsufficientScope(f"the scope {ADMIN} is needed", scope=ADMIN)
    check_accounts(actor, found.postings)
    return ReverseTransaction(
        transaction_id=found.transaction_id, reason=body.reason, is_forced=body.force
    )


async def look(request: HttpRequest, transaction_id: str) -> TransactionView:
    """The transaction; one that is accepted only is waited for."""
    id_ = parse_id(transaction_id)
    engine = service(request, AsyncEngine)
    return await existing(request, id_, lambda: queries.get_transaction(engine, id_))


@get(
    "/v1/transactions",
    access=Access(API_KEY, READ, query=TransactionsQuery, answers={200: TransactionList}),
)
async def list_transactions(
    request: HttpRequest, reads: NamedDependency[ReadEngine]
) -> ASGIResponse:
    """Everything that moved money, newest first, by any of the filters.

    CSV has a line for each posting.
    """
    query = read_query(request, TransactionsQuery)
    engine = reads.engine
    search = await _search(engine, query)

    async def read(
        after: Position | None, count: int
    ) -> Sequence[tuple[TransactionView, Position]]:
        if after is not None and not queries.is_of(after, search):
            raise InvalidCursor
        return await queries.list_transactions(engine, search, after, count)

    listing = Listing(
        cursor=Position,
        read=read,
        key=lambda row: row[1],
        item=lambda row: row[0],
        lines=Lines(PostingLine, posting_lines),
    )
    return await list_reply(request, query, listing)


async def _search(engine: AsyncEngine, query: TransactionsQuery) -> Search:
    currency = None if query.currency is None else currency_in(query.currency).code
    return Search(
        account_ids=await _accounts(engine, query, currency),
        kind=query.kind,
        actors=None if query.client is None else await actors_of(engine, query.client),
        reference=query.reference,
        currency=currency,
        min_amount=None if query.min_amount is None else Decimal(query.min_amount),
        max_amount=None if query.max_amount is None else Decimal(query.max_amount),
        since=query.from_,
        until=query.to,
        metadata=query.metadata,
    )


async def _accounts(
    engine: AsyncEngine, query: TransactionsQuery, currency: str | None
) -> tuple[int, ...] | None:
    """The accounts of the filters, None without any; a number that cannot be is an empty list."""
    if query.wallet_id is not None and query.account is not None:
        raise InvalidQuery(errors=[{"field": "account", "message": "not beside wallet_id"}])
    if query.wallet_id is not None:
        return (chart.wallet(query.wallet_id),)
    if query.account is None:
        return None
    try:
        if query.account.startswith(WALLET):
            return (chart.wallet(read_id(query.account.removeprefix(WALLET))),)
        return await _house_accounts(engine, query.account, currency)
    except NotRead as error:
        raise InvalidQuery(errors=[{"field": "account", "message": str(error)}]) from None


async def _house_accounts(
    engine: AsyncEngine, address: str, currency: str | None
) -> tuple[int, ...]:
    """One in a currency, several without; those of the system by `system:<sort>`."""
    found = chart.system_ids(address)
    if found is not None:
        return found
    name = read_name(address.removeprefix(ACCOUNT))
    if currency is not None:
        return (chart.named(name, currency).id,)
    return tuple(await accounts_named(engine, name))


HANDLERS: Final = (
    create_transaction,
    get_transaction,
    reverse_transaction,
    change_transaction,
    list_history,
    list_transactions,
)
