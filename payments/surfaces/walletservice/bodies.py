"""Requests of the two services: bodies of POSTs, bodies or query strings of GETs."""

from typing import Annotated, ClassVar, TypeVar

import msgspec

from payments.http.amounts import AmountOrNothing, AmountOrNumber
from payments.http.body import (
    Body,
    CurrencyCode,
    Id,
    decode_body,
    read_raw,
)
from payments.http.lists import Page
from payments.http.query import read_query
from payments.http.services import HttpRequest

HandshakeText = Annotated[str, msgspec.Meta(max_length=200)]


class WalletBody(Body, frozen=True, kw_only=True):
    """A client's wallet to open; without an amount it is empty."""

    example: ClassVar = {"user_id": 1, "amount": 7100}

    user_id: Id
    amount: AmountOrNothing = msgspec.field(default_factory=msgspec.Raw)
    currency: CurrencyCode = "USD"


class WalletDepositBody(Body, frozen=True, kw_only=True):
    """A deposit to a client's wallet; the handshake is bound to `user_id` if given."""

    example: ClassVar = {"wallet_id": 1, "amount": 500}

    wallet_id: Id
    amount: AmountOrNumber
    user_id: Id | None = None


class ClientTransactionBody(Body, frozen=True, kw_only=True):
    """A transfer from a client's wallet to another's, in the currency of the source."""

    example: ClassVar = {
        "user_id": 1,
        "source_wallet_id": 1,
        "dest_wallet_id": 2,
        "trans_sum": 777.88,
    }

    user_id: Id
    source_wallet_id: Id
    dest_wallet_id: Id
    trans_sum: AmountOrNumber


class WalletAsk(Body, frozen=True, kw_only=True):
    """A wallet by the handshake of its operation, by its id, or by its client."""

    user_id: Id | None = None
    handshake_id: HandshakeText | None = None
    wallet_id: Id | None = None


class TransactionAsk(Body, frozen=True, kw_only=True):
    """A transaction of a user by handshake or by id."""

    user_id: Id
    handshake_id: HandshakeText | None = None
    transaction_id: Id | None = None


class HistoryAsk(Page, frozen=True, kw_only=True):
    """Movements of a wallet, newest first."""

    wallet_id: Id
    user_id: Id | None = None


T = TypeVar("T", bound=msgspec.Struct)


async def read_ask(request: HttpRequest, type_: type[T]) -> T:
    """The question of a GET: its body, which the assignment's clients send, or its query string."""
    raw = await read_raw(request)
    return decode_body(raw, type_) if raw.strip() else read_query(request, type_)
