"""/v1/deposits: request a payment page, list and read deposits."""

import asyncio
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, ClassVar, Final
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from sqlalchemy.ext.asyncio import AsyncEngine

import payments.deposits.request
from payments.deposits import queries
from payments.deposits.queries import DepositView
from payments.deposits.request import RequestDeposit
from payments.deposits.status import DepositState
from payments.http.access import Access
from payments.http.auth import API_KEY
from payments.http.body import Amount, Body, CurrencyCode, Id, money_in, read_body
from payments.http.follow_up import existing
from payments.http.listing import Listing, list_reply
from payments.http.lists import Page
from payments.http.operations import submit
from payments.http.prefer import preferred_wait_s
from payments.http.query import read_query
from payments.http.reply import Reply, json_reply
from payments.http.services import HttpRequest
from payments.kernel.clock import monotonic_s
from payments.kernel.ids import parse_id
from payments.kernel.words import one_of
from payments.provider.schedule import Schedule
from payments.surfaces.superpay.config import SuperPaySurface

READ: Final = "wallets:read"
WRITE: Final = "deposits:write"
_LOOK_EVERY_S: Final = 0.1

Url = Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s]{1,2000}\Z")]
Locale = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9-]{1,35}\Z")]


class DepositBody(Body, frozen=True, kw_only=True):
    """Money to request from a payer; the URLs are only where the browser goes afterwards."""

    example: ClassVar = {
        "wallet_id": 1,
        "amount": "12.33",
        "currency": "RUB",
        "description": "some transaction description",
        "success_url": "https://example.com/superpay?result=success",
        "failure_url": "https://example.com/superpay?result=failure",
        "locale": "en",
    }

    wallet_id: Id
    amount: Amount
    currency: CurrencyCode
    success_url: Url
    failure_url: Url
    description: Annotated[str, msgspec.Meta(max_length=255)] = ""
    locale: Locale = "en"


class DepositPage(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider has answered so far: `redirect_url` once it has given the page."""

    redirect_url: str | None
    deposit_status: Annotated[str, one_of(DepositState)]


class DepositsQuery(Page, frozen=True, kw_only=True):
    """Filters of the list."""

    status: DepositState | None = None
    wallet_id: int | None = None
    merchant_id: int | None = None

    def filters(self) -> dict[str, str | int]:
        """What the query names, by column."""
        values = {
            "state": self.status.value if self.status else None,
            "wallet_id": self.wallet_id,
            "merchant_id": self.merchant_id,
        }
        return {name: value for name, value in values.items() if value is not None}


class DepositList(msgspec.Struct, kw_only=True):
    """A page of deposits."""

    items: list[DepositView]
    next_cursor: str | None


@post(
    "/v1/deposits",
    access=Access(
        API_KEY,
        WRITE,
        operation=payments.deposits.request.OPERATION,
        body=DepositBody,
        thing_id="deposit_id",
        adds=DepositPage,
    ),
)
async def create_deposit(
    request: HttpRequest,
    engine: NamedDependency[AsyncEngine],
    surface: NamedDependency[SuperPaySurface],
) -> Reply:
    """Request a payment page; `Prefer: wait` also waits for `redirect_url`."""
    body = await read_body(request, DepositBody)
    until_s = monotonic_s() + preferred_wait_s(request)
    reply = await submit(request, payments.deposits.request.OPERATION, deposit(body))
    if reply.status_code != HTTPStatus.CREATED:
        return reply
    answer = msgspec.json.decode(reply.body, type=dict[str, msgspec.Raw])
    deposit_id = msgspec.json.decode(answer["deposit_id"], type=UUID)
    page = await _page(engine, surface.schedule, deposit_id, until_s)
    return reply.with_content({**answer, **msgspec.structs.asdict(page)})


def deposit(body: DepositBody) -> RequestDeposit:
    """The intent of a body."""
    money = money_in(body.amount, body.currency)
    return RequestDeposit(
        wallet_id=body.wallet_id,
        minor=money.minor,
        currency=money.currency,
        description=body.description,
        success_url=body.success_url,
        failure_url=body.failure_url,
        locale=body.locale,
    )


async def _page(
    engine: AsyncEngine, schedule: Schedule, deposit_id: UUID, until_s: float
) -> DepositPage:
    """Wait for the page URL; return the deposit as is on timeout."""
    while True:
        deposit = await queries.get_deposit(engine, deposit_id, schedule)
        if deposit.redirect_url or deposit.status != "created" or monotonic_s() >= until_s:
            return DepositPage(redirect_url=deposit.redirect_url, deposit_status=deposit.status)
        await asyncio.sleep(_LOOK_EVERY_S)


@get("/v1/deposits", access=Access(API_KEY, READ, query=DepositsQuery, answers={200: DepositList}))
async def list_deposits(
    request: HttpRequest,
    engine: NamedDependency[AsyncEngine],
    surface: NamedDependency[SuperPaySurface],
) -> ASGIResponse:
    """Deposits, newest first."""
    query = read_query(request, DepositsQuery)
    listing = Listing(
        cursor=tuple[datetime, UUID],
        read=partial(queries.list_deposits, engine, query.filters(), surface.schedule),
        key=lambda deposit: (deposit.created_at, deposit.deposit_id),
    )
    return await list_reply(request, query, listing)


@get("/v1/deposits/{deposit_id:str}", access=Access(API_KEY, READ, answers={200: DepositView}))
async def get_deposit(
    request: HttpRequest,
    deposit_id: FromPath[str],
    engine: NamedDependency[AsyncEngine],
    surface: NamedDependency[SuperPaySurface],
) -> Reply:
    """A deposit: the URL for the payer, what arrived, what the wallet received."""
    id_, schedule = parse_id(deposit_id), surface.schedule
    return json_reply(
        await existing(request, id_, lambda: queries.get_deposit(engine, id_, schedule))
    )


HANDLERS: Final = (create_deposit, list_deposits, get_deposit)
