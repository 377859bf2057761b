"""/v1/deposits: ask a payer for money, look."""

import asyncio
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, ClassVar, Final
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncEngine

import payments.deposits.request
from payments.deposits import queries
from payments.deposits.queries import DepositView
from payments.deposits.request import RequestDeposit
from payments.deposits.status import DepositState
from payments.http.access import Access
from payments.http.auth import API_KEY
from payments.http.body import Amount, Body, CurrencyCode, Id, currency_in, minor_of, read_body
from payments.http.follow_up import existing
from payments.http.lists import Page, decode_cursor, page_of
from payments.http.operations import submit
from payments.http.prefer import preferred_wait_s
from payments.http.query import read_query
from payments.http.reply import Reply, json_reply
from payments.http.services import HttpRequest, service
from payments.kernel.clock import monotonic_s
from payments.kernel.ids import parse_id
from payments.surfaces.superpay.config import SuperPaySurface

READ: Final = "wallets:read"
WRITE: Final = "deposits:write"
_LOOK_EVERY_S: Final = 0.1

Url = Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s]{1,2000}\Z")]
Locale = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9-]{1,35}\Z")]


class DepositBody(Body, frozen=True, kw_only=True):
    """Money to ask a payer for; the URLs are where the browser goes then, and prove nothing."""

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
    """What the provider has answered by now: `redirect_url` once it has."""

    redirect_url: str | None
    deposit_status: str


class DepositsQuery(Page, frozen=True, kw_only=True):
    """Filters of the list."""

    status: DepositState | None = None
    wallet_id: int | None = None
    merchant_id: int | None = None


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
async def create_deposit(request: HttpRequest) -> Reply:
    """Ask for a payment page; `Prefer: wait` also waits for `redirect_url`."""
    body = await read_body(request, DepositBody)
    until_s = monotonic_s() + preferred_wait_s(request)
    reply = await submit(request, payments.deposits.request.OPERATION, _intent(body))
    if reply.status_code != HTTPStatus.CREATED:
        return reply
    answer = msgspec.json.decode(reply.body)
    page = await _page(request, UUID(answer["deposit_id"]), until_s)
    return json_reply(
        {**answer, **msgspec.structs.asdict(page)},
        HTTPStatus.CREATED,
        [h for h in reply.raw_headers if h[0] not in {b"content-type", b"content-length"}],
    )


def _intent(body: DepositBody) -> RequestDeposit:
    currency = currency_in(body.currency)
    return RequestDeposit(
        wallet_id=body.wallet_id,
        minor=minor_of(body.amount, currency),
        currency=currency.code,
        description=body.description,
        success_url=body.success_url,
        failure_url=body.failure_url,
        locale=body.locale,
    )


async def _page(request: HttpRequest, deposit_id: UUID, until_s: float) -> DepositPage:
    """The payment page, as soon as the provider has given it.

    What there is when the time is over.
    """
    while True:
        found = await queries.get_deposit(
            service(request, AsyncEngine), deposit_id, service(request, SuperPaySurface).schedule
        )
        if found.redirect_url or found.status != "created" or monotonic_s() >= until_s:
            return DepositPage(redirect_url=found.redirect_url, deposit_status=found.status)
        await asyncio.sleep(_LOOK_EVERY_S)


@get("/v1/deposits", access=Access(API_KEY, READ, query=DepositsQuery, answers={200: DepositList}))
async def list_deposits(request: HttpRequest) -> Reply:
    """Deposits, newest first."""
    query = read_query(request, DepositsQuery)
    wanted = {
        "state": query.status.value if query.status else None,
        "wallet_id": query.wallet_id,
        "merchant_id": query.merchant_id,
    }
    rows = await queries.list_deposits(
        service(request, AsyncEngine),
        {n: v for n, v in wanted.items() if v is not None},
        service(request, SuperPaySurface).schedule,
        decode_cursor(query.cursor, tuple[datetime, UUID]),
        query.limit + 1,
    )
    return json_reply(
        page_of(rows, query.limit, lambda d: (d.created_at, d.deposit_id), lambda d: d)
    )


@get("/v1/deposits/{deposit_id:str}", access=Access(API_KEY, READ, answers={200: DepositView}))
async def get_deposit(request: HttpRequest, deposit_id: FromPath[str]) -> Reply:
    """A deposit: where the payer goes, what arrived, what the wallet got."""
    schedule = service(request, SuperPaySurface).schedule
    id_ = parse_id(deposit_id)
    engine = service(request, AsyncEngine)
    return json_reply(
        await existing(request, id_, lambda: queries.get_deposit(engine, id_, schedule))
    )


HANDLERS: Final = (create_deposit, list_deposits, get_deposit)
