"""Wallets: open, look, freeze, close."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final, Literal
from uuid import UUID

import msgspec
from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from sqlalchemy.ext.asyncio import AsyncEngine

import payments.wallets.change
import payments.wallets.close
import payments.wallets.freeze
import payments.wallets.open
from payments.http.access import Accepted, Access, Takes
from payments.http.auth import API_KEY, InsufficientScope, actor_of
from payments.http.body import currency_in, free_json_in, optional_minor_of, read_body
from payments.http.caught_up import note_stale
from payments.http.idempotency import request_for
from payments.http.listing import Listing, list_reply
from payments.http.lists import Page
from payments.http.operations import render_ticket, submit
from payments.http.prefer import preferred_wait_s
from payments.http.query import read_query
from payments.http.reply import Reply, json_reply
from payments.http.scopes import ADMIN
from payments.http.services import HttpRequest, Time
from payments.kernel.money import amount_text, currency_of
from payments.operations.outcome import Status
from payments.operations.submit import Submitter
from payments.reads.entries import EntryView
from payments.reads.replica import ReadEngine
from payments.surfaces.native.answers import EntryList, WalletList
from payments.surfaces.native.bodies import (
    ChangeWalletBody,
    EmptyBody,
    FreezeBody,
    OpenWalletBody,
)
from payments.surfaces.native.entries import AtQuery, EntriesQuery, Metadata, filters_of
from payments.transfers.queries import descriptions
from payments.wallets import queries
from payments.wallets.change import ChangeWallet
from payments.wallets.close import CloseWallet
from payments.wallets.freeze import FreezeWallet
from payments.wallets.open import OpenWallet
from payments.wallets.queries import WalletFilters, WalletView

READ: Final = "wallets:read"
WRITE: Final = "wallets:write"
CHANGE_WAIT_S: Final = 10
ZEROS: Final = ("0", "0.0", "0.00", "0.000", "0.0000")


class WalletsQuery(Page, frozen=True, kw_only=True):
    """Filters, all of which must hold."""

    owner: str | None = None
    currency: str | None = None
    status: Literal["active", "frozen", "closed"] | None = None
    metadata: Metadata = msgspec.field(default_factory=dict)


@post(
    "/v1/wallets",
    access=Access(API_KEY, WRITE, operation=payments.wallets.open.OPERATION, body=OpenWalletBody),
)
async def open_wallet(request: HttpRequest) -> Reply:
    """Open a wallet."""
    body = await read_body(request, OpenWalletBody)
    intent = OpenWallet(
        currency=currency_in(body.currency).code,
        owner=body.owner,
        metadata=free_json_in(body.metadata, "metadata"),
    )
    return await submit(request, payments.wallets.open.OPERATION, intent)


@get("/v1/wallets", access=Access(API_KEY, READ, query=WalletsQuery, answers={200: WalletList}))
async def list_wallets(
    request: HttpRequest, clock: NamedDependency[Time], reads: NamedDependency[ReadEngine]
) -> ASGIResponse:
    """Wallets, newest first."""
    query = read_query(request, WalletsQuery)
    filters = WalletFilters(
        owner=query.owner,
        currency=None if query.currency is None else currency_in(query.currency).code,
        status=query.status,
        metadata=query.metadata,
    )
    engine = await _list_engine(request, reads)
    listing = Listing(
        cursor=int,
        read=partial(queries.list_wallets, engine, filters, now=clock.now()),
        key=lambda wallet: wallet.wallet_id,
    )
    return await list_reply(request, query, listing)


@get(
    "/v1/wallets/{wallet_id:str}",
    access=Access(API_KEY, READ, query=AtQuery, answers={200: WalletView}),
)
async def get_wallet(
    request: HttpRequest,
    wallet_id: FromPath[int],
    engine: NamedDependency[AsyncEngine],
    clock: NamedDependency[Time],
) -> Reply:
    """A wallet and its money, now or at a time."""
    query = read_query(request, AtQuery)
    now = clock.now()
    query.check(now)
    wallet = await queries.get_wallet(engine, wallet_id, now)
    if query.at is not None:
        wallet = await queries.wallet_at(
            engine, wallet, query.at, now, is_effective=query.is_effective
        )
    return json_reply(wallet)


@patch(
    "/v1/wallets/{wallet_id:str}",
    access=Access(
        API_KEY,
        WRITE,
        operation=payments.wallets.change.OPERATION,
        takes=Takes.KEY_AND_WAIT,
        body=ChangeWalletBody,
        answers={200: WalletView, 202: Accepted},
    ),
)
async def change_wallet(
    request: HttpRequest,
    wallet_id: FromPath[int],
    engine: NamedDependency[AsyncEngine],
    clock: NamedDependency[Time],
    submitter: NamedDependency[Submitter],
) -> Reply:
    """Merge metadata, set the overdraft limit; answers the wallet.

    The limit needs `ledger:admin`.
    """
    body = await read_body(request, ChangeWalletBody)
    now = clock.now
    wallet = await queries.get_wallet(engine, wallet_id, now())
    limit = _limit(body.overdraft_limit, wallet)
    if limit is not None and not actor_of(request).may(ADMIN):
        raise InsufficientScope(f"the scope {ADMIN} is needed", scope=ADMIN)
    intent = ChangeWallet(
        wallet_id=wallet_id,
        metadata=free_json_in(body.metadata, "metadata"),
        overdraft_minor=limit,
    )
    asked = request_for(request, payments.wallets.change.OPERATION, intent)
    wait_s = preferred_wait_s(request) or CHANGE_WAIT_S
    ticket = await submitter(asked, wait_s)
    if ticket.decision is None or ticket.decision.status != Status.APPLIED.value:
        return render_ticket(request, ticket)
    return json_reply(await queries.get_wallet(engine, wallet_id, now()))


def _limit(raw: msgspec.Raw, wallet: WalletView) -> int | None:
    currency = currency_of(wallet.currency)
    if amount_text(bytes(raw)) in ZEROS:
        return 0
    return optional_minor_of(raw, currency, "overdraft_limit")


@get(
    "/v1/wallets/{wallet_id:str}/entries",
    access=Access(API_KEY, READ, query=EntriesQuery, answers={200: EntryList}),
)
async def list_entries(
    request: HttpRequest, wallet_id: FromPath[int], reads: NamedDependency[ReadEngine]
) -> ASGIResponse:
    """A wallet's entries, newest first."""
    query = read_query(request, EntriesQuery)
    engine = await _list_engine(request, reads)
    filters = filters_of(query)

    async def read(before: int | None, count: int) -> Sequence[EntryView]:
        rows = await queries.list_entries(engine, wallet_id, before, count, filters)
        described = await descriptions(engine, [e.operation_id for e in rows if not e.description])
        return [_described(described, entry) for entry in rows]

    listing = Listing(cursor=int, read=read, key=lambda entry: entry.entry)
    return await list_reply(request, query, listing)


@post(
    "/v1/wallets/{wallet_id:str}/freeze",
    access=Access(
        API_KEY,
        WRITE,
        operation=payments.wallets.freeze.OPERATION,
        body=FreezeBody,
        may_be_empty=True,
    ),
)
async def freeze(request: HttpRequest, wallet_id: FromPath[int]) -> Reply:
    """Close a wallet to money in, out or both."""
    body = await read_body(request, FreezeBody)
    return await submit(
        request,
        payments.wallets.freeze.OPERATION,
        FreezeWallet(
            wallet_id=wallet_id, is_frozen=True, direction=body.direction, reason=body.reason
        ),
    )


@post(
    "/v1/wallets/{wallet_id:str}/unfreeze",
    access=Access(
        API_KEY,
        WRITE,
        operation=payments.wallets.freeze.OPERATION,
        body=EmptyBody,
        may_be_empty=True,
    ),
)
async def unfreeze(request: HttpRequest, wallet_id: FromPath[int]) -> Reply:
    """Open it again."""
    await read_body(request, EmptyBody)
    intent = FreezeWallet(wallet_id=wallet_id, is_frozen=False)
    return await submit(request, payments.wallets.freeze.OPERATION, intent)


@post(
    "/v1/wallets/{wallet_id:str}/close",
    access=Access(
        API_KEY,
        WRITE,
        operation=payments.wallets.close.OPERATION,
        body=EmptyBody,
        may_be_empty=True,
    ),
)
async def close(request: HttpRequest, wallet_id: FromPath[int]) -> Reply:
    """Close an empty wallet for ever."""
    await read_body(request, EmptyBody)
    return await submit(request, payments.wallets.close.OPERATION, CloseWallet(wallet_id=wallet_id))


def _described(texts: Mapping[UUID, str], entry: EntryView) -> EntryView:
    """A transfer keeps its description itself."""
    text = texts.get(entry.operation_id)
    return msgspec.structs.replace(entry, description=text) if text else entry


async def _list_engine(request: HttpRequest, reads: ReadEngine) -> AsyncEngine:
    """Where lists are read: the replica once it has what is committed, or the answer says so."""
    if not await reads.has_caught_up():
        note_stale(request)
    return reads.engine


HANDLERS: Final = (
    open_wallet,
    list_wallets,
    get_wallet,
    change_wallet,
    list_entries,
    freeze,
    unfreeze,
    close,
)
