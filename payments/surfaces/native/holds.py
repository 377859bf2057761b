"""Holds: create, look, capture, release."""

from typing import Final

from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncEngine

import payments.holds.capture
import payments.holds.create
import payments.holds.extend
import payments.holds.release
from payments.holds import queries
from payments.holds.capture import CaptureHold
from payments.holds.create import CreateHold
from payments.holds.extend import ExtendHold
from payments.holds.queries import HoldView
from payments.holds.release import ReleaseHold
from payments.http.access import Access
from payments.http.auth import API_KEY
from payments.http.body import currency_in, minor_of, optional_minor_of, read_body
from payments.http.follow_up import existing
from payments.http.operations import submit
from payments.http.reply import Reply, json_reply
from payments.http.services import HttpRequest, Time, service
from payments.kernel.ids import parse_id
from payments.kernel.money import currency_of
from payments.surfaces.native.bodies import CaptureBody, EmptyBody, ExtendHoldBody, HoldBody

READ: Final = "wallets:read"
WRITE: Final = "holds:write"


def hold(body: HoldBody) -> CreateHold:
    """The intent of a body."""
    currency = currency_in(body.currency)
    return CreateHold(
        wallet_id=body.wallet_id,
        minor=minor_of(body.amount, currency),
        currency=currency.code,
        expires_in_s=body.expires_in_s,
        description=body.description,
    )


@post(
    "/v1/holds",
    access=Access(
        API_KEY,
        WRITE,
        operation=payments.holds.create.OPERATION,
        body=HoldBody,
    ),
)
async def create_hold(request: HttpRequest) -> Reply:
    """Keep money of a wallet aside."""
    return await submit(
        request, payments.holds.create.OPERATION, hold(await read_body(request, HoldBody))
    )


@get("/v1/holds/{hold_id:str}", access=Access(API_KEY, READ, answers={200: HoldView}))
async def get_hold(request: HttpRequest, hold_id: FromPath[str]) -> Reply:
    """A hold and what became of it."""
    return json_reply(await look(request, hold_id))


@post(
    "/v1/holds/{hold_id:str}/capture",
    access=Access(
        API_KEY,
        WRITE,
        operation=payments.holds.capture.OPERATION,
        body=CaptureBody,
    ),
)
async def capture_hold(request: HttpRequest, hold_id: FromPath[str]) -> Reply:
    """Take held money to a wallet, several times up to the whole."""
    body = await read_body(request, CaptureBody)
    hold_ = await look(request, hold_id)
    intent = capture(hold_, body)
    return await submit(request, payments.holds.capture.OPERATION, intent, order=hold_.wallet_id)


@post(
    "/v1/holds/{hold_id:str}/release",
    access=Access(
        API_KEY,
        WRITE,
        operation=payments.holds.release.OPERATION,
        body=EmptyBody,
        may_be_empty=True,
    ),
)
async def release_hold(request: HttpRequest, hold_id: FromPath[str]) -> Reply:
    """Let all that is left of a hold go."""
    await read_body(request, EmptyBody)
    hold_ = await look(request, hold_id)
    intent = ReleaseHold(hold_id=hold_.hold_id)
    return await submit(request, payments.holds.release.OPERATION, intent, order=hold_.wallet_id)


@post(
    "/v1/holds/{hold_id:str}/extend",
    access=Access(
        API_KEY,
        WRITE,
        operation=payments.holds.extend.OPERATION,
        body=ExtendHoldBody,
    ),
)
async def extend_hold(request: HttpRequest, hold_id: FromPath[str]) -> Reply:
    """Let an open hold end so many seconds from now."""
    body = await read_body(request, ExtendHoldBody)
    hold_ = await look(request, hold_id)
    intent = extension(hold_, body)
    return await submit(request, payments.holds.extend.OPERATION, intent, order=hold_.wallet_id)


def capture(hold_: HoldView, body: CaptureBody) -> CaptureHold:
    """The intent of a body."""
    return CaptureHold(
        hold_id=hold_.hold_id,
        destination_wallet_id=body.destination_wallet_id,
        minor=optional_minor_of(body.amount, currency_of(hold_.currency)),
        is_final=body.final,
    )


def extension(hold_: HoldView, body: ExtendHoldBody) -> ExtendHold:
    """The intent of a body."""
    return ExtendHold(hold_id=hold_.hold_id, expires_in_s=body.expires_in_s)


async def look(request: HttpRequest, hold_id: str) -> HoldView:
    """The hold; one that is accepted only is waited for."""
    id_ = parse_id(hold_id)
    engine, now = service(request, AsyncEngine), service(request, Time).now
    return await existing(request, id_, lambda: queries.get_hold(engine, id_, now()))


HANDLERS: Final = (create_hold, get_hold, capture_hold, release_hold, extend_hold)
