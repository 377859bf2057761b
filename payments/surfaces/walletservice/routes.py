"""The routes of the wallet and transaction services."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.response.base import ASGIResponse
from sqlalchemy.ext.asyncio import AsyncEngine

import payments.clientwallets.deposit
import payments.clientwallets.open
import payments.clientwallets.transfer
import payments.wallets.queries
from payments.clientwallets import queries
from payments.http.access import Access, Takes
from payments.http.body import read_body
from payments.http.listing import Listing, list_reply
from payments.http.operations import Refusals
from payments.http.reply import Reply, json_reply
from payments.http.services import HttpRequest
from payments.operations.submit import Submitter
from payments.reads.entries import EntryView
from payments.surfaces.walletservice.answers import (
    ClientTransactionAnswer,
    History,
    Movement,
    WalletAnswer,
    movement,
)
from payments.surfaces.walletservice.bodies import (
    ClientTransactionBody,
    HistoryAsk,
    TransactionAsk,
    WalletAsk,
    WalletBody,
    WalletDepositBody,
    read_ask,
)
from payments.surfaces.walletservice.enqueue import (
    WalletCurrencies,
    deposit_intent,
    enqueue,
    transfer_intent,
    wallet_intent,
)
from payments.surfaces.walletservice.handshake import Service
from payments.surfaces.walletservice.lookup import (
    WalletNotFound,
    find_anywhere,
    find_in_database,
    look_up_transaction,
    look_up_wallet,
)
from payments.surfaces.walletservice.waiting import enqueued_transaction, enqueued_wallet

AUTH: Final = "walletservice"
READ: Final = "wallets:read"
WRITE: Final = "wallets:write"
TRANSFER: Final = "transfers:write"


@post(
    "/api/v1/wallet",
    access=Access(
        AUTH,
        WRITE,
        operation=payments.clientwallets.open.OPERATION,
        takes=Takes.KEY_AND_WAIT,
        body=WalletBody,
        answers={201: WalletAnswer, 202: WalletAnswer},
    ),
)
async def create_wallet(
    request: HttpRequest,
    submitter: NamedDependency[Submitter],
    engine: NamedDependency[AsyncEngine],
    refusals: NamedDependency[Refusals],
) -> Reply:
    """Enqueue opening a client's wallet; query the result with the handshake."""
    body = await read_body(request, WalletBody)
    operation = payments.clientwallets.open.OPERATION
    intent = wallet_intent(body)
    enqueued = await enqueue(request, operation, intent, Service.WALLET, body.user_id, submitter)
    return await enqueued_wallet(request, enqueued, engine, refusals)


@post(
    "/api/v1/wallet/deposit",
    access=Access(
        AUTH,
        WRITE,
        operation=payments.clientwallets.deposit.OPERATION,
        takes=Takes.KEY_AND_WAIT,
        body=WalletDepositBody,
        answers={201: WalletAnswer, 202: WalletAnswer},
    ),
)
async def deposit(
    request: HttpRequest,
    currencies: NamedDependency[WalletCurrencies],
    engine: NamedDependency[AsyncEngine],
    submitter: NamedDependency[Submitter],
    refusals: NamedDependency[Refusals],
) -> Reply:
    """Enqueue a deposit to a client's wallet."""
    body = await read_body(request, WalletDepositBody)
    operation = payments.clientwallets.deposit.OPERATION
    intent = await deposit_intent(body, currencies, engine)
    enqueued = await enqueue(request, operation, intent, Service.WALLET, body.user_id, submitter)
    return await enqueued_wallet(request, enqueued, engine, refusals)


@get("/api/v1/wallet", access=Access(AUTH, READ, query=WalletAsk, answers={200: WalletAnswer}))
async def get_client_wallet(request: HttpRequest, engine: NamedDependency[AsyncEngine]) -> Reply:
    """A wallet by handshake, number or client; the same names in the body or the query string.

    Until decided, all fields but the handshake are null. If refused, `status` is rejected and
    `info` says why. A handshake is valid only with the `user_id` it was made with.
    """
    ask = await read_ask(request, WalletAsk)
    return json_reply(await look_up_wallet(request, ask, find_anywhere, engine))


@get(
    "/api/v1/wallet/async", access=Access(AUTH, READ, query=WalletAsk, answers={200: WalletAnswer})
)
async def get_wallet_from_database(
    request: HttpRequest, engine: NamedDependency[AsyncEngine]
) -> Reply:
    """The same, straight from PostgreSQL."""
    ask = await read_ask(request, WalletAsk)
    return json_reply(await look_up_wallet(request, ask, partial(find_in_database, engine), engine))


@get("/api/v1/wallet/history", access=Access(AUTH, READ, query=HistoryAsk, answers={200: History}))
async def get_history(request: HttpRequest, engine: NamedDependency[AsyncEngine]) -> ASGIResponse:
    """Movements of a wallet, newest first."""
    ask = await read_ask(request, HistoryAsk)
    wallet = await queries.find_wallet(engine, wallet_id=ask.wallet_id, user_id=ask.user_id)
    if wallet is None:
        raise WalletNotFound
    wallet_id = wallet.wallet_id

    async def read(before: int | None, count: int) -> Sequence[Movement]:
        rows = await payments.wallets.queries.list_entries(engine, wallet_id, before, count)
        numbers = await queries.transaction_numbers(engine, [e.operation_id for e in rows])
        return [movement(numbers, entry) for entry in rows]

    listing = Listing(cursor=int, read=read, key=lambda entry: entry.entry)
    return await list_reply(request, ask, listing)


@post(
    "/api/v1/transaction",
    access=Access(
        AUTH,
        TRANSFER,
        operation=payments.clientwallets.transfer.OPERATION,
        takes=Takes.KEY_AND_WAIT,
        body=ClientTransactionBody,
        answers={201: ClientTransactionAnswer, 202: ClientTransactionAnswer},
    ),
)
async def create_client_transaction(
    request: HttpRequest,
    currencies: NamedDependency[WalletCurrencies],
    engine: NamedDependency[AsyncEngine],
    submitter: NamedDependency[Submitter],
    refusals: NamedDependency[Refusals],
) -> Reply:
    """Enqueue a transfer from a client's wallet to another's."""
    body = await read_body(request, ClientTransactionBody)
    operation = payments.clientwallets.transfer.OPERATION
    intent = await transfer_intent(body, currencies, engine)
    enqueued = await enqueue(
        request, operation, intent, Service.TRANSACTION, body.user_id, submitter
    )
    return enqueued_transaction(request, enqueued, refusals)


@get(
    "/api/v1/transaction",
    access=Access(AUTH, READ, query=TransactionAsk, answers={200: ClientTransactionAnswer}),
)
async def get_client_transaction(
    request: HttpRequest, engine: NamedDependency[AsyncEngine]
) -> Reply:
    """A transaction by handshake or number; the same names in the body or the query string.

    Until decided, all fields but the handshake are null; then `status` is processed or rejected,
    and `info` says why. `user_id` is required beside handshake_id or transaction_id.
    """
    ask = await read_ask(request, TransactionAsk)
    return json_reply(await look_up_transaction(request, ask, find_anywhere, engine))


@get(
    "/api/v1/transaction/async",
    access=Access(AUTH, READ, query=TransactionAsk, answers={200: ClientTransactionAnswer}),
)
async def get_transaction_from_database(
    request: HttpRequest, engine: NamedDependency[AsyncEngine]
) -> Reply:
    """The same, straight from PostgreSQL."""
    ask = await read_ask(request, TransactionAsk)
    return json_reply(
        await look_up_transaction(request, ask, partial(find_in_database, engine), engine)
    )


def _entry_key(entry: EntryView) -> int:
    return entry.entry


ROUTER: Final = Router(
    path="/",
    route_handlers=[
        create_wallet,
        deposit,
        get_client_wallet,
        get_wallet_from_database,
        get_history,
        create_client_transaction,
        get_client_transaction,
        get_transaction_from_database,
    ],
)
