"""House accounts of a client's own."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Final

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from sqlalchemy.ext.asyncio import AsyncEngine

import payments.accounts.open
from payments.accounts import queries
from payments.accounts.open import OpenAccount
from payments.accounts.queries import AccountView
from payments.http.access import Access
from payments.http.auth import API_KEY
from payments.http.body import currency_in, read_body
from payments.http.listing import Listing, list_reply
from payments.http.lists import Page
from payments.http.operations import submit
from payments.http.query import read_query
from payments.http.reply import Reply, json_reply
from payments.http.scopes import ADMIN
from payments.http.services import HttpRequest, Time
from payments.reads.entries import EntryView, list_entries
from payments.reads.replica import ReadEngine
from payments.surfaces.native.answers import EntryList
from payments.surfaces.native.entries import AtQuery, EntriesQuery, filters_of
from payments.surfaces.native.postings import OpenAccountBody

READ: Final = "wallets:read"

Code = Annotated[str, msgspec.Meta(max_length=3)]


class AccountQuery(AtQuery, frozen=True, kw_only=True):
    """`?currency=` says which, when the name exists in several; `?at=` the balance then."""

    currency: Code | None = None


class AccountEntriesQuery(EntriesQuery, frozen=True, kw_only=True):
    """`?currency=` says which account, when the name exists in several."""

    currency: Code | None = None


class AccountsQuery(Page, frozen=True, kw_only=True):
    """`?currency=` only accounts of that one."""

    currency: Code | None = None


class AccountList(msgspec.Struct, kw_only=True):
    """A page of house accounts."""

    items: list[AccountView]
    next_cursor: str | None


@post(
    "/v1/accounts",
    access=Access(API_KEY, ADMIN, operation=payments.accounts.open.OPERATION, body=OpenAccountBody),
)
async def open_account(request: HttpRequest) -> Reply:
    """Open a house account, addressed `account:<name>` in postings."""
    body = await read_body(request, OpenAccountBody)
    intent = OpenAccount(
        name=body.name,
        currency=currency_in(body.currency).code,
        allow_negative=body.allow_negative,
    )
    return await submit(request, payments.accounts.open.OPERATION, intent)


@get("/v1/accounts", access=Access(API_KEY, READ, query=AccountsQuery, answers={200: AccountList}))
async def list_accounts(request: HttpRequest, reads: NamedDependency[ReadEngine]) -> ASGIResponse:
    """House accounts, newest first."""
    query = read_query(request, AccountsQuery)
    currency = _currency(query.currency)
    listing = Listing(
        cursor=int,
        read=partial(queries.list_accounts, reads.engine, currency),
        key=lambda row: row[1],
        item=lambda row: row[0],
    )
    return await list_reply(request, query, listing)


@get(
    "/v1/accounts/{name:str}",
    access=Access(API_KEY, READ, query=AccountQuery, answers={200: AccountView}),
)
async def get_account(
    request: HttpRequest,
    name: FromPath[str],
    engine: NamedDependency[AsyncEngine],
    clock: NamedDependency[Time],
) -> Reply:
    """A house account and its balance."""
    query = read_query(request, AccountQuery)
    now = clock.now()
    query.check(now)
    id_, account = await queries.find_account(engine, name, _currency(query.currency))
    if query.at is None:
        return json_reply(account)
    effective = query.is_effective
    return json_reply(
        await queries.account_at(engine, id_, account, query.at, now, is_effective=effective)
    )


@get(
    "/v1/accounts/{name:str}/entries",
    access=Access(API_KEY, READ, query=AccountEntriesQuery, answers={200: EntryList}),
)
async def list_account_entries(
    request: HttpRequest, name: FromPath[str], engine: NamedDependency[AsyncEngine]
) -> ASGIResponse:
    """A house account's entries, newest first."""
    query = read_query(request, AccountEntriesQuery)
    id_, account = await queries.find_account(engine, name, _currency(query.currency))

    async def read(before: int | None, count: int) -> Sequence[EntryView]:
        async with engine.connect() as connection:
            return await list_entries(
                connection, id_, account.currency, before, count, filters_of(query)
            )

    listing = Listing(cursor=int, read=read, key=lambda entry: entry.entry)
    return await list_reply(request, query, listing)


def _currency(code: str | None) -> str | None:
    return None if code is None else currency_in(code).code


HANDLERS: Final = (open_account, list_accounts, get_account, list_account_entries)
