"""/v1/payees: SuperPay wallets that a client's users saved."""

from collections.abc import Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Annotated, ClassVar, Final
from uuid import UUID

import msgspec
from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.http.access import Access
from payments.http.auth import API_KEY, actor_of
from payments.http.body import Body, CurrencyCode, Id, currency_in, read_body
from payments.http.listing import Listing, list_reply
from payments.http.lists import Page
from payments.http.query import read_query
from payments.http.reply import Reply, json_reply
from payments.http.scopes import ADMIN
from payments.http.services import HttpRequest, Time
from payments.kernel.errors import PaymentsError
from payments.kernel.ids import parse_id
from payments.payees import queries, writes
from payments.payees.errors import (
    PayeeCurrencyMismatch,
    PayeeWalletBlocked,
    PayeeWalletNotFound,
)
from payments.payees.queries import PayeeView
from payments.surfaces.superpay.bodies import SuperPayWallet
from payments.surfaces.superpay.wallet_check import Standing, WalletCheck

READ: Final = "wallets:read"
WRITE: Final = "payouts:write"

_REFUSED: Final[Mapping[Standing, type[PaymentsError]]] = {
    Standing.MISSING: PayeeWalletNotFound,
    Standing.BLOCKED: PayeeWalletBlocked,
    Standing.OTHER_CURRENCY: PayeeCurrencyMismatch,
}


class PayeeBody(Body, frozen=True, kw_only=True):
    """A SuperPay wallet of a person.

    `owner` is the client's own word for whose it is, as in wallets; `user_id` names the same person
    where it has an account here; `name` is for people.
    """

    example: ClassVar = {
        "owner": "user-17",
        "superpay_wallet_id": "W-1001",
        "currency": "RUB",
        "name": "my wallet",
    }

    owner: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    superpay_wallet_id: SuperPayWallet | Id
    currency: CurrencyCode
    name: Annotated[str, msgspec.Meta(max_length=100)] = ""
    user_id: Id | None = None


class PayeesQuery(Page, frozen=True, kw_only=True):
    """Filter of the list."""

    owner: str | None = None


class PayeeList(msgspec.Struct, kw_only=True):
    """A page of payees."""

    items: list[PayeeView]
    next_cursor: str | None


@post(
    "/v1/payees",
    access=Access(API_KEY, WRITE, body=PayeeBody, answers={201: PayeeView, 200: PayeeView}),
)
async def save_payee(
    request: HttpRequest,
    engine: NamedDependency[AsyncEngine],
    clock: NamedDependency[Time],
    check: NamedDependency[WalletCheck],
) -> Reply:
    """Save a SuperPay wallet; SuperPay is asked whether it has this currency.

    The same wallet of the same owner is saved once: again it answers 200 with what is there.
    """
    body = await read_body(request, PayeeBody)
    wallet_id, currency = str(body.superpay_wallet_id), currency_in(body.currency).code
    standing = await check(wallet_id, currency)
    if standing in _REFUSED:
        raise _REFUSED[standing]
    payee, is_new = await writes.save_payee(
        engine,
        actor_of(request).name,
        {
            **msgspec.structs.asdict(body),
            "superpay_wallet_id": wallet_id,
            "currency": currency,
        },
        is_confirmed=standing is Standing.CONFIRMED,
        now=clock.now(),
    )
    return json_reply(payee, HTTPStatus.CREATED if is_new else HTTPStatus.OK)


@get("/v1/payees", access=Access(API_KEY, READ, query=PayeesQuery, answers={200: PayeeList}))
async def list_payees(request: HttpRequest, engine: NamedDependency[AsyncEngine]) -> ASGIResponse:
    """One's own payees, newest first; an administrator sees all."""
    query = read_query(request, PayeesQuery)
    listing = Listing(
        cursor=UUID,
        read=partial(queries.list_payees, engine, _actors(request), query.owner),
        key=lambda payee: payee.payee_id,
    )
    return await list_reply(request, query, listing)


@get("/v1/payees/{payee_id:str}", access=Access(API_KEY, READ, answers={200: PayeeView}))
async def get_payee(
    request: HttpRequest, payee_id: FromPath[str], engine: NamedDependency[AsyncEngine]
) -> Reply:
    """A payee."""
    return json_reply(await queries.get_payee(engine, parse_id(payee_id), _actors(request)))


@delete(
    "/v1/payees/{payee_id:str}",
    access=Access(API_KEY, WRITE, answers={204: None}),
    status_code=HTTPStatus.OK,
)
async def delete_payee(
    request: HttpRequest,
    payee_id: FromPath[str],
    engine: NamedDependency[AsyncEngine],
    clock: NamedDependency[Time],
) -> Reply:
    """Delete a payee; payouts that were accepted go on."""
    await writes.delete_payee(engine, parse_id(payee_id), _actors(request), clock.now())
    return Reply(HTTPStatus.NO_CONTENT, b"")


def _actors(request: HttpRequest) -> Sequence[str] | None:
    """Whose payees the caller sees: an administrator everybody's (None)."""
    actor = actor_of(request)
    return None if actor.may(ADMIN) else (actor.name, *actor.also)


HANDLERS: Final = (save_payee, list_payees, get_payee, delete_payee)
