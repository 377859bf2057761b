"""/v1/payouts: request, list, read, timeline, cancel, resolve."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Annotated, Any, ClassVar, Final, Literal
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from sqlalchemy.ext.asyncio import AsyncEngine

import payments.payouts.cancel
import payments.payouts.request
import payments.payouts.resolve
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
from payments.http.services import HttpRequest, service
from payments.kernel.errors import InvalidBody
from payments.kernel.ids import parse_id
from payments.payouts import queries
from payments.payouts.cancel import CancelPayout
from payments.payouts.queries import Filters, PayoutView, TimelineView
from payments.payouts.request import RequestPayout
from payments.payouts.resolve import ResolvePayout
from payments.payouts.status import PayoutState
from payments.surfaces.superpay.bodies import SuperPayWallet
from payments.surfaces.superpay.config import SuperPaySurface

READ: Final = "wallets:read"
WRITE: Final = "payouts:write"
OPERATE: Final = "reconciliation:write"
DECIDED_WITHIN_S: Final = 10
"""A cancel waits by default: its caller has to know whether the money is free."""

Description = Annotated[str, msgspec.Meta(max_length=255)]


class PayoutBody(Body, frozen=True, kw_only=True):
    """A payout to a SuperPay wallet, or to a payee (`POST /v1/payees`): one of the two."""

    example: ClassVar = {
        "wallet_id": 1,
        "superpay_wallet_id": "W-1001",
        "amount": "22.34",
        "currency": "RUB",
        "description": "some transaction description",
    }

    wallet_id: Id
    amount: Amount
    currency: CurrencyCode
    superpay_wallet_id: SuperPayWallet | Id | None = None
    payee_id: UUID | None = None
    description: Description = ""

    def to(self) -> dict[str, Any]:
        """Where the money goes. Raises 422 `invalid_body` when both are named, or neither."""
        if (self.superpay_wallet_id is None) == (self.payee_id is None):
            message = "name superpay_wallet_id or payee_id, one of the two"
            errors = [{"field": "superpay_wallet_id", "message": message}]
            raise InvalidBody(message, errors=errors)
        wallet_id = self.superpay_wallet_id
        text = "" if wallet_id is None else str(wallet_id)
        return {"superpay_wallet_id": text, "payee_id": self.payee_id}


class CancelBody(Body, frozen=True, kw_only=True):
    """No fields; the body may be omitted."""

    example: ClassVar[Mapping[str, Any]] = {}


class PayoutResolutionBody(Body, frozen=True, kw_only=True):
    """The outcome of the payout as two operators know it; `reason` is for auditors."""

    resolution: Literal["accepted", "paid", "failed", "canceled"]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class PayoutList(msgspec.Struct, kw_only=True):
    """A page of payouts."""

    items: list[PayoutView]
    next_cursor: str | None


class PayoutsQuery(Page, frozen=True, kw_only=True):
    """Filters of the list; `stuck=true` lists payouts that raise an alarm."""

    status: PayoutState | None = None
    wallet_id: int | None = None
    merchant_id: int | None = None
    certainty: Literal["certain", "unknown"] | None = None
    stuck: bool | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None

    def filters(self) -> Filters:
        """What the query names."""
        return Filters(
            status=self.status,
            wallet_id=self.wallet_id,
            merchant_id=self.merchant_id,
            certainty=self.certainty,
            is_stuck=self.stuck,
            created_from=self.created_from,
            created_to=self.created_to,
        )


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
    """Hold the money and send it to SuperPay; 201 means that it is held, not that it is paid."""
    body = await read_body(request, PayoutBody)
    return await submit(request, payments.payouts.request.OPERATION, payout(body))


@get("/v1/payouts", access=Access(API_KEY, READ, query=PayoutsQuery, answers={200: PayoutList}))
async def list_payouts(
    request: HttpRequest,
    engine: NamedDependency[AsyncEngine],
    surface: NamedDependency[SuperPaySurface],
) -> ASGIResponse:
    """Payouts, newest first."""
    query = read_query(request, PayoutsQuery)
    listing = Listing(
        cursor=tuple[datetime, UUID],
        read=partial(queries.list_payouts, engine, query.filters(), surface.lens()),
        key=lambda payout: (payout.created_at, payout.payout_id),
    )
    return await list_reply(request, query, listing)


@get("/v1/payouts/{payout_id:str}", access=Access(API_KEY, READ, answers={200: PayoutView}))
async def get_payout(
    request: HttpRequest,
    payout_id: FromPath[str],
) -> Reply:
    """A payout: its status, how certain it is, and when it is checked next."""
    return json_reply(await look(request, payout_id))


@get(
    "/v1/payouts/{payout_id:str}/timeline",
    access=Access(API_KEY, READ, answers={200: TimelineView}),
)
async def get_timeline(
    request: HttpRequest,
    payout_id: FromPath[str],
    engine: NamedDependency[AsyncEngine],
    surface: NamedDependency[SuperPaySurface],
) -> Reply:
    """All evidence about a payout, its state, and when it is checked next."""
    id_, lens = parse_id(payout_id), surface.lens()
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
async def cancel_payout(
    request: HttpRequest,
    payout_id: FromPath[str],
) -> Reply:
    """Cancel a payout that has not been sent.

    409 `not_cancelable` once a request may be on the wire.
    """
    await read_body(request, CancelBody)
    intent = cancellation(await look(request, payout_id))
    wait_s = preferred_wait_s(request) or DECIDED_WITHIN_S
    return await submit(request, payments.payouts.cancel.OPERATION, intent, wait_s=wait_s)


@post(
    "/v1/payouts/{payout_id:str}/resolve",
    access=Access(
        API_KEY, OPERATE, operation=payments.payouts.resolve.OPERATION, body=PayoutResolutionBody
    ),
)
async def resolve_payout(
    request: HttpRequest,
    payout_id: FromPath[str],
) -> Reply:
    """Resolve a payout in doubt: one operator proposes, another client with the same resolution
    executes.
    """
    body = await read_body(request, PayoutResolutionBody)
    in_doubt = await look(request, payout_id)
    intent = ResolvePayout(
        payout_id=in_doubt.payout_id, resolution=body.resolution, reason=body.reason
    )
    wait_s = preferred_wait_s(request) or DECIDED_WITHIN_S
    return await submit(request, payments.payouts.resolve.OPERATION, intent, wait_s=wait_s)


def payout(body: PayoutBody) -> RequestPayout:
    """The intent of a body."""
    money = money_in(body.amount, body.currency)
    return RequestPayout(
        wallet_id=body.wallet_id,
        **body.to(),
        minor=money.minor,
        currency=money.currency,
        description=body.description,
    )


def cancellation(view: PayoutView) -> CancelPayout:
    """The intent of a request without a body."""
    return CancelPayout(payout_id=view.payout_id)


async def look(request: HttpRequest, payout_id: str) -> PayoutView:
    """The payout; one that is accepted only is waited for."""
    id_, lens = parse_id(payout_id), service(request, SuperPaySurface).lens()
    engine = service(request, AsyncEngine)
    return await existing(request, id_, lambda: queries.get_payout(engine, id_, lens))


HANDLERS: Final = (
    create_payout,
    list_payouts,
    get_payout,
    get_timeline,
    cancel_payout,
    resolve_payout,
)
