"""Looks up wallets, transactions and outcomes by handshake or id."""

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.clientwallets import queries
from payments.clientwallets.queries import OutcomeView
from payments.http.operation_status import standing
from payments.http.query import InvalidQuery
from payments.http.services import HttpRequest
from payments.kernel.errors import NotFound
from payments.kernel.ids import OperationId
from payments.operations.outcome import Status
from payments.surfaces.walletservice.answers import (
    ClientTransactionAnswer,
    WalletAnswer,
    refused_wallet,
    transaction_answer,
    wallet_answer,
)
from payments.surfaces.walletservice.bodies import TransactionAsk, WalletAsk
from payments.surfaces.walletservice.handshake import Service, find_operation

Find = Callable[[HttpRequest, OperationId], Awaitable[OutcomeView | None]]
"""Looks up the standing of an operation; None when no such operation was accepted."""

_NAME_A_WALLET: Final = "Name a handshake_id with its user_id, a wallet_id or a user_id."
_NAME_A_TRANSACTION: Final = "Name a handshake_id or a transaction_id beside the user_id."
_NAME_THE_USER: Final = "There is no such handshake; name the user_id it was made with."
_DECIDED: Final = {Status.APPLIED.value, Status.REJECTED.value}


class HandshakeNotFound(NotFound):
    """There is no such handshake of this user."""

    code = "handshake_not_found"


class WalletNotFound(NotFound):
    """There is no such wallet."""

    code = "wallet_not_found"


class TransactionNotFound(NotFound):
    """There is no such transaction of this user."""

    code = "transaction_not_found"


async def find_anywhere(request: HttpRequest, operation_id: OperationId) -> OutcomeView | None:
    """Look in the table, the stream's markers and the dead letters; lookups share queries."""
    actor_and_standing = await standing(request, operation_id)
    if actor_and_standing is None:
        return None
    at = actor_and_standing[1]
    result = {name: msgspec.json.decode(value) for name, value in (at.result or {}).items()}
    return OutcomeView(kind=at.kind, status=at.status, reason=at.reason, result=result)


async def find_in_database(
    engine: AsyncEngine, request: HttpRequest, operation_id: OperationId
) -> OutcomeView | None:
    """Look in PostgreSQL first; elsewhere only for undecided operations."""
    outcome = await queries.find_outcome(engine, operation_id)
    return outcome or await find_anywhere(request, operation_id)


async def look_up_wallet(
    request: HttpRequest, ask: WalletAsk, find: Find, engine: AsyncEngine
) -> WalletAnswer:
    """The wallet that a GET names. Raises 404 `handshake_not_found`, `wallet_not_found`."""
    if ask.handshake_id is not None:
        return await _wallet_of_handshake(request, ask.handshake_id, ask.user_id, find, engine)
    if ask.wallet_id is None and ask.user_id is None:
        raise InvalidQuery(_NAME_A_WALLET)
    wallet = await queries.find_wallet(engine, wallet_id=ask.wallet_id, user_id=ask.user_id)
    if wallet is None:
        raise WalletNotFound
    return wallet_answer(wallet, user_id=wallet.user_id)


async def look_up_transaction(
    request: HttpRequest, ask: TransactionAsk, find: Find, engine: AsyncEngine
) -> ClientTransactionAnswer:
    """The transaction that a GET names.

    Raises 404 `handshake_not_found`, `transaction_not_found`.
    """
    if ask.handshake_id is None:
        if ask.transaction_id is None:
            raise InvalidQuery(_NAME_A_TRANSACTION)
        transfer = await queries.find_transfer(engine, ask.transaction_id, ask.user_id)
        if transfer is None:
            raise TransactionNotFound
        return transaction_answer(None, transfer)
    outcome = await _outcome(request, Service.TRANSACTION, ask.user_id, ask.handshake_id, find)
    if outcome is None:
        raise HandshakeNotFound
    if outcome.status not in _DECIDED:
        return ClientTransactionAnswer(handshake_id=ask.handshake_id)
    return transaction_answer(ask.handshake_id, outcome)


async def _wallet_of_handshake(
    request: HttpRequest, text: str, user_id: int | None, find: Find, engine: AsyncEngine
) -> WalletAnswer:
    outcome = await _outcome(request, Service.WALLET, user_id, text, find)
    if outcome is None and user_id is not None:
        # A deposit without a user_id: its handshake may be used with the wallet owner's user_id.
        outcome = await _outcome(request, Service.WALLET, None, text, find)
        if outcome is not None and outcome.result.get("user_id", user_id) != user_id:
            outcome = None
    if outcome is None:
        raise HandshakeNotFound(_NAME_THE_USER if user_id is None else None)
    if outcome.status not in _DECIDED:
        return WalletAnswer(handshake_id=text)
    if outcome.status == Status.REJECTED.value:
        return refused_wallet(text, outcome)
    wallet_id = outcome.result["wallet_id"]
    wallet = await queries.find_wallet(engine, wallet_id=wallet_id)
    if wallet is None:
        raise WalletNotFound
    return wallet_answer(wallet, handshake_id=text)


async def _outcome(
    request: HttpRequest, of: Service, user_id: int | None, text: str, find: Find
) -> OutcomeView | None:
    operation_id = find_operation(of, user_id, text)
    return None if operation_id is None else await find(request, operation_id)
