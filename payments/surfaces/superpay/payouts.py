"""/v1/payouts: ask for one, look, list, the whole story, cancel, resolve."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final, Literal
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncEngine

import payments.payouts.cancel
import payments.payouts.request
import payments.payouts.resolve
from payments.http.access import Access
from payments.http.auth import API_KEY
from payments.http.body import Amount, Body, CurrencyCode, Id, currency_in, minor_of, read_body
from payments.http.follow_up import existing
from payments.http.lists import Page, decode_cursor, page_of
from payments.http.operations import submit
from payments.http.prefer import preferred_wait_s
from payments.http.query import read_query
from payments.http.reply import Reply, json_reply
from payments.http.services import HttpRequest, Time, service
from payments.kernel.ids import parse_id
from payments.payouts import queries
from payments.payouts.cancel import CancelPayout
from payments.payouts.queries import Filters, Lens, PayoutView, TimelineView
from payments.payouts.request import RequestPayout
from payments.payouts.resolve import ResolvePayout
from payments.payouts.status import PayoutState
from payments.surfaces.superpay.config import SuperPaySurface

READ: Final = "wallets:read"
WRITE: Final = "payouts:write"
OPERATE: Final = "reconciliation:write"
DECIDED_WITHIN_S: Final = 10
"""A cancel waits by itself: its caller has to know whether the money is free."""

SuperPayWallet = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}\Z")]
Description = Annotated[str, msgspec.Meta(max_length=255)]


class PayoutBody(Body, frozen=True, kw_only=True):
    """Money to pay out to a SuperPay wallet."""

    example: ClassVar = {
        "wallet_id": 1,
        "superpay_wallet_id": "W-1001",
        "amount": "22.34",
        "currency": "RUB",
        "description": "some transaction description",
    }

    wallet_id: Id
    superpay_wallet_id: SuperPayWallet | Id
    amount: Amount
    currency: CurrencyCode
    description: Description = ""


class CancelBody(Body, frozen=True, kw_only=True):
    """No fields; the body may be left out."""

    example: ClassVar[Mapping[str, Any]] = {}


class ResolveBody(Body, frozen=True, kw_only=True):
    """What became of the payout, as two operators know it; `reason` is read by auditors."""

    resolution: Literal["accepted", "paid", "failed", "canceled"]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class PayoutList(msgspec.Struct, kw_only=True):
    """A page of payouts."""

    items: list[PayoutView]
    next_cursor: str | None


class PayoutsQuery(Page, frozen=True, kw_only=True):
    """Filters of the list; `stuck=true` shows what is an alarm."""

    status: PayoutState | None = None
    wallet_id: int | None = None
    merchant_id: int | None = None
    certainty: Literal["certain", "unknown"] | None = None
    stuck: bool | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None


@post(
    "/v1/payouts",
    access=Access(
        API_KEY,
        WRITE,
        operation=payments.payouts.request.OPERATION,
        body=PayoutBody,
        thing_id="payout_id",
        own_status="payout_status",  # the contract: `status` is "held" here
    ),
)
async def create_payout(request: HttpRequest) -> Reply:
    """Hold the money and send it to SuperPay; 201 says that it is held, not that it is paid."""
    body = await read_body(request, PayoutBody)
    currency = currency_in(body.currency)
    intent = RequestPayout(
        wallet_id=body.wallet_id,
        superpay_wallet_id=str(body.superpay_wallet_id),
        minor=minor_of(body.amount, currency),
        currency=currency.code,
        description=body.description,
    )
    return await submit(request, payments.payouts.request.OPERATION, intent)


@get("/v1/payouts", access=Access(API_KEY, READ, query=PayoutsQuery, answers={200: PayoutList}))
async def list_payouts(request: HttpRequest) -> Reply:
    """Payouts, newest first."""
    query = read_query(request, PayoutsQuery)
    filters = Filters(
        status=query.status,
        wallet_id=query.wallet_id,
        merchant_id=query.merchant_id,
        certainty=query.certainty,
        is_stuck=query.stuck,
        created_from=query.created_from,
        created_to=query.created_to,
    )
    before = decode_cursor(query.cursor, tuple[datetime, UUID])
    engine = service(request, AsyncEngine)
    rows = await queries.list_payouts(engine, filters, _lens(request), before, query.limit + 1)
    return json_reply(
        page_of(rows, query.limit, lambda p: (p.created_at, p.payout_id), lambda p: p)
    )


@get("/v1/payouts/{payout_id:str}", access=Access(API_KEY, READ, answers={200: PayoutView}))
async def get_payout(request: HttpRequest, payout_id: FromPath[str]) -> Reply:
    """A payout: where it stands, how certain that is, and when it is looked at again."""
    return json_reply(await _payout(request, payout_id))


@get(
    "/v1/payouts/{payout_id:str}/timeline",
    access=Access(API_KEY, READ, answers={200: TimelineView}),
)
async def get_timeline(request: HttpRequest, payout_id: FromPath[str]) -> Reply:
    """Why the money is where it is, when we look again, and every piece of evidence."""
    id_ = parse_id(payout_id)
    engine, lens = service(request, AsyncEngine), _lens(request)
    return json_reply(await existing(request, id_, lambda: queries.get_timeline(engine, id_, lens)))


@post(
    "/v1/payouts/{payout_id:str}/cancel",
    access=Access(
        API_KEY,
        WRITE,
        operation=payments.payouts.cancel.OPERATION,
        body=CancelBody,
        may_be_empty=True,
    ),
)
async def cancel_payout(request: HttpRequest, payout_id: FromPath[str]) -> Reply:
    """Take a payout back while nothing has been sent.

    409 `not_cancelable` once it may be on the wire.
    """
    await read_body(request, CancelBody)
    intent = CancelPayout(payout_id=(await _payout(request, payout_id)).payout_id)
    wait_s = preferred_wait_s(request) or DECIDED_WITHIN_S
    return await submit(request, payments.payouts.cancel.OPERATION, intent, wait_s=wait_s)


@post(
    "/v1/payouts/{payout_id:str}/resolve",
    access=Access(API_KEY, OPERATE, operation=payments.payouts.resolve.OPERATION, body=ResolveBody),
)
async def resolve_payout(request: HttpRequest, payout_id: FromPath[str]) -> Reply:
    """Say what became of a doubtful payout: one operator proposes.

    Another client with the same words does it.
    """
    body = await read_body(request, ResolveBody)
    intent = ResolvePayout(
        payout_id=(await _payout(request, payout_id)).payout_id,
        resolution=body.resolution,
        reason=body.reason,
    )
    wait_s = preferred_wait_s(request) or DECIDED_WITHIN_S
    return await submit(request, payments.payouts.resolve.OPERATION, intent, wait_s=wait_s)


def _lens(request: HttpRequest) -> Lens:
    schedule = service(request, SuperPaySurface).schedule
    return Lens(schedule=schedule, now=service(request, Time).now())


async def _payout(request: HttpRequest, payout_id: str) -> PayoutView:
    """The payout of that id. Raises 404 `payout_not_found`, 409 `not_decided_yet`."""
    id_ = parse_id(payout_id)
    engine, lens = service(request, AsyncEngine), _lens(request)
    return await existing(request, id_, lambda: queries.get_payout(engine, id_, lens))


HANDLERS: Final = (
    create_payout,
    list_payouts,
    get_payout,
    get_timeline,
    cancel_payout,
    resolve_payout,
)
