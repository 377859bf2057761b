"""/v1/superpay: pause and resume sending to SuperPay. Status queries continue while paused."""

from typing import Annotated, Final

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.http.access import Access
from payments.http.auth import API_KEY, actor_of
from payments.http.body import Body, read_body
from payments.http.reply import Reply, json_reply
from payments.http.scopes import ADMIN
from payments.http.services import HttpRequest, Time
from payments.provider.queries import Switch, read_switch
from payments.provider.writes import set_switch


class SwitchBody(Body, frozen=True, kw_only=True):
    """The reason for pausing."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class ResumeBody(Body, frozen=True, kw_only=True):
    """An optional reason for resuming; the body may be omitted."""

    reason: Annotated[str, msgspec.Meta(max_length=1000)] = ""


@get(
    "/v1/superpay",
    access=Access(API_KEY, "wallets:read", answers={200: Switch}, sees_accepted=False),
)
async def get_switch(engine: NamedDependency[AsyncEngine]) -> Reply:
    """Whether payouts and deposits are sent to SuperPay."""
    return json_reply(await read_switch(engine))


@post(
    "/v1/superpay/pause",
    status_code=200,
    access=Access(API_KEY, ADMIN, body=SwitchBody, answers={200: Switch}),
)
async def pause(
    request: HttpRequest, engine: NamedDependency[AsyncEngine], clock: NamedDependency[Time]
) -> Reply:
    """Stop sending; payouts stay held."""
    reason = (await read_body(request, SwitchBody)).reason
    by = actor_of(request).name
    return json_reply(
        await set_switch(engine, clock.now, is_paused=True, reason=reason, changed_by=by)
    )


@post(
    "/v1/superpay/resume",
    status_code=200,
    access=Access(API_KEY, ADMIN, body=ResumeBody, may_be_empty=True, answers={200: Switch}),
)
async def resume(
    request: HttpRequest, engine: NamedDependency[AsyncEngine], clock: NamedDependency[Time]
) -> Reply:
    """Resume sending; held payouts become due within their schedule."""
    reason = (await read_body(request, ResumeBody)).reason
    by = actor_of(request).name
    return json_reply(
        await set_switch(engine, clock.now, is_paused=False, reason=reason, changed_by=by)
    )


HANDLERS: Final = (get_switch, pause, resume)
