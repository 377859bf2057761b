"""Enqueues POSTs: reads the amount in the wallet's currency, derives handshake and operation."""

from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.clientwallets import queries
from payments.clientwallets.deposit import DepositToClientWallet
from payments.clientwallets.open import OpenClientWallet
from payments.clientwallets.transfer import CreateClientTransfer
from payments.http.auth import actor_of
from payments.http.body import currency_in, minor_of, optional_minor_of
from payments.http.idempotency import REPLAYED, key_of
from payments.http.prefer import preferred_wait_s
from payments.http.reply import Header
from payments.http.services import HttpRequest
from payments.kernel.money import Currency, currency_of
from payments.operations.earlier import EarlierId
from payments.operations.operation import IntentT, Operation
from payments.operations.outcome import Decision
from payments.operations.submit import Request, Submitter
from payments.surfaces.walletservice.bodies import (
    ClientTransactionBody,
    WalletBody,
    WalletDepositBody,
)
from payments.surfaces.walletservice.handshake import Service, keyed_handshake, new_handshake

_DEFAULT: Final = "USD"
_CACHE_MAX: Final = 50_000


class Enqueued(msgspec.Struct, frozen=True):
    """The handshake and the response headers, such as `Idempotency-Replayed`."""

    handshake: str
    headers: tuple[Header, ...]
    decision: Decision | None = None


class WalletCurrencies(dict[int, str]):
    """Cache of wallet currencies, which never change."""

    def note(self, wallet_id: int, code: str) -> None:
        """Remember a currency; the cache is cleared when it is full."""
        if len(self) >= _CACHE_MAX:
            self.clear()
        self[wallet_id] = code


def wallet_intent(body: WalletBody) -> OpenClientWallet:
    currency = currency_in(body.currency)
    minor = optional_minor_of(body.amount, currency, zero_is_none=True) or 0
    return OpenClientWallet(user_id=body.user_id, minor=minor, currency=currency.code)


async def deposit_intent(
    body: WalletDepositBody, currencies: WalletCurrencies, engine: AsyncEngine
) -> DepositToClientWallet:
    """The intent of a deposit, with the amount in the wallet's currency."""
    currency = await _currency(body.wallet_id, currencies, engine)
    return DepositToClientWallet(
        wallet_id=body.wallet_id,
        minor=minor_of(body.amount, currency),
        currency=currency.code,
        user_id=body.user_id,
    )


async def transfer_intent(
    body: ClientTransactionBody, currencies: WalletCurrencies, engine: AsyncEngine
) -> CreateClientTransfer:
    """The intent of a transfer, with the amount in the source wallet's currency."""
    currency = await _currency(body.source_wallet_id, currencies, engine)
    return CreateClientTransfer(
        user_id=body.user_id,
        source_wallet_id=body.source_wallet_id,
        destination_wallet_id=body.dest_wallet_id,
        minor=minor_of(body.trans_sum, currency, "trans_sum"),
        currency=currency.code,
    )


async def enqueue(
    request: HttpRequest,
    operation: Operation[IntentT],
    intent: IntentT,
    of: Service,
    user_id: int | None,
    submitter: Submitter,
) -> Enqueued:
    """Append the intent to the stream; return the handshake for querying its outcome."""
    actor, key = actor_of(request), key_of(request)
    names = (actor.name,) if key is None else (actor.name, *actor.also)
    handshakes = [
        new_handshake(of, user_id) if key is None else keyed_handshake(of, user_id, name, key)
        for name in names
    ]
    first, *others = (
        EarlierId(name, handshake.operation_id)
        for name, handshake in zip(names, handshakes, strict=True)
    )
    submitted = Request(
        operation, intent, first.actor, first.operation_id, key is not None, tuple(others)
    )
    ticket = await submitter(submitted, preferred_wait_s(request))
    text = next(h.text for h in handshakes if h.operation_id == ticket.operation_id)
    return Enqueued(text, (REPLAYED,) if ticket.is_replay else (), ticket.decision)


async def _currency(wallet_id: int, currencies: WalletCurrencies, engine: AsyncEngine) -> Currency:
    """The wallet's currency; USD for an unknown wallet, and `decide` refuses if that is wrong."""
    code = currencies.get(wallet_id)
    if code is None:
        code = await queries.currency_of_wallet(engine, wallet_id)
        if code is not None:
            currencies.note(wallet_id, code)
    return currency_of(code or _DEFAULT)
