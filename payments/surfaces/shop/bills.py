"""A user's own bills, their transactions, and the status of an operation."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.bills import queries
from payments.bills.queries import BillKey, BillView
from payments.http.access import Access
from payments.http.auth import actor_of
from payments.http.listing import Listing, list_reply
from payments.http.lists import Page
from payments.http.operation_status import (
    OperationNotFound,
    OperationStanding,
    StandingQuery,
    standing,
)
from payments.http.query import read_query
from payments.http.reply import Reply, json_reply
from payments.http.services import HttpRequest
from payments.kernel.ids import parse_id
from payments.surfaces.shop.access import SHOP, user_id_of
from payments.surfaces.shop.answers import (
    BillAnswer,
    BillList,
    ShopTransactionList,
    number_in,
    transaction_answer,
)
from payments.surfaces.shop.bodies import TransactionsQuery

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@get("/shop/bills", access=Access(SHOP, query=Page, answers={200: BillList}))
async def list_bills(request: HttpRequest, engine: NamedDependency[AsyncEngine]) -> ASGIResponse:
    """The caller's bills and their balances, newest first."""
    return await bills_reply(request, user_id_of(request), engine)


@get(
    "/shop/transactions",
    access=Access(SHOP, query=TransactionsQuery, answers={200: ShopTransactionList}),
)
async def list_shop_transactions(
    request: HttpRequest, engine: NamedDependency[AsyncEngine]
) -> ASGIResponse:
    """The caller's top-ups and purchases, newest first."""
    query = read_query(request, TransactionsQuery)
    listing = Listing(
        cursor=int,
        read=partial(queries.list_transactions, engine, user_id_of(request), query.bill_id),
        key=lambda transaction: transaction.id,
        item=transaction_answer,
    )
    return await list_reply(request, query, listing)


@get(
    "/shop/operations/{operation_id:str}",
    access=Access(SHOP, query=StandingQuery, answers={200: OperationStanding}, sees_accepted=False),
)
async def get_shop_operation(request: HttpRequest, operation_id: FromPath[str]) -> Reply:
    """Status of a purchase of the caller."""
    wait_s = read_query(request, StandingQuery).wait
    checked_id = parse_id(operation_id)
    actor_and_standing = None if checked_id is None else await standing(request, checked_id, wait_s)
    if actor_and_standing is None or actor_and_standing[0] != actor_of(request).name:
        raise OperationNotFound
    return json_reply(actor_and_standing[1])


async def bills_reply(request: HttpRequest, user_id: int, engine: AsyncEngine) -> ASGIResponse:
    """A user's bills; limit and cursor come from the query string."""

    async def read(before: tuple[int, int] | None, count: int) -> Sequence[BillView]:
        return await queries.list_bills(engine, user_id, bill_key(before), count)

    listing = Listing(cursor=tuple[int, int], read=read, key=_cursor_of, item=bill_answer)
    return await list_reply(request, read_query(request, Page), listing)


def bill_answer(bill: BillView) -> BillAnswer:
    return BillAnswer(
        bill_id=bill.id, balance=number_in(bill.balance, bill.currency), currency=bill.currency
    )


def bill_key(cursor: tuple[int, int] | None) -> BillKey | None:
    """The key of a cursor; a number that is not a valid time becomes the earliest one."""
    if cursor is None:
        return None
    try:
        return _EPOCH + cursor[0] * _MICROSECOND, cursor[1]
    except OverflowError:
        return _EPOCH, 0


def _cursor_of(bill: BillView) -> tuple[int, int]:
    return (bill.created_at - _EPOCH) // _MICROSECOND, bill.id


HANDLERS: Final = (list_bills, list_shop_transactions, get_shop_operation)
