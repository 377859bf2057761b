"""Outgoing webhooks: registering an endpoint, what was sent to it, sending again, a test."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.deliveries.writes import check_enabled, retry_delivery
from payments.endpoints import queries, writes
from payments.endpoints.destination import Policy, Resolver
from payments.endpoints.queries import EndpointFilters, EndpointView
from payments.endpoints.sealing import Seal
from payments.endpoints.values import check_values
from payments.http.lists import decode_cursor, encode_cursor
from payments.http.query import read_query
from payments.http.reply import Reply
from payments.http.services import HttpRequest
from payments.kernel.ids import parse_id
from payments.operators.action import Subject
from payments.operators.history import actions_on
from payments.surfaces.console.access import ACT, ADMIN, page_access, seat_of
from payments.surfaces.console.acting import Deed, actor_name, note
from payments.surfaces.console.cells import Moment, State, Text
from payments.surfaces.console.config import ConsoleConfig
from payments.surfaces.console.forms import ActionForm, read_form
from payments.surfaces.console.inner_lists import deliveries_of
from payments.surfaces.console.lists import Column, ListPage, ListQuery, Sources, answer_list
from payments.surfaces.console.render import page, see_other

PATH: Final = "/console/webhooks"
_DELIVERIES: Final = 50


class EndpointsQuery(ListQuery, frozen=True, kw_only=True):
    """`state`: switched on or off, or on and failing. `sent_to`: what is in the address."""

    state: Literal["enabled", "disabled", "failing"] | None = None
    sent_to: Annotated[str, msgspec.Meta(max_length=200)] | None = None


class DeliveriesQuery(ListQuery, frozen=True, kw_only=True):
    """Filters of the deliveries on the page of an endpoint."""

    status: Literal["pending", "succeeded", "failed"] | None = None


class RegisterForm(ActionForm, frozen=True, kw_only=True):
    """`types`: patterns with commas between them; none: every event."""

    url: Annotated[str, msgspec.Meta(max_length=2000)]
    types: Annotated[str, msgspec.Meta(max_length=2000)] = ""
    description: Annotated[str, msgspec.Meta(max_length=500)] = ""


class SwitchForm(ActionForm, frozen=True, kw_only=True):
    """`is_enabled`: whether events are sent to it."""

    is_enabled: bool


async def load(
    sources: Sources, query: EndpointsQuery, before: UUID | None, count: int
) -> Sequence[EndpointView]:
    """Endpoints of everybody, newest first."""
    filters = EndpointFilters(state=query.state, url=query.sent_to)
    return await queries.list_endpoints(sources.engine, None, before, count, filters)


def _href(endpoint_id: object) -> str:
    return f"{PATH}/{endpoint_id}"


def _state(endpoint: EndpointView) -> State:
    if not endpoint.is_enabled:
        return State("disabled")
    return State("failing", "doubt") if endpoint.failing_since else State("enabled")


ENDPOINTS: Final = ListPage(
    path=PATH,
    title="Webhooks",
    query=EndpointsQuery,
    columns=(
        Column("Endpoint", lambda e: Text(e.url, _href(e.endpoint_id))),
        Column("State", _state),
        Column("Events", lambda e: Text(", ".join(e.types) or "all")),
        Column("Description", lambda e: Text(e.description)),
        Column("Failing since", lambda e: Moment(e.failing_since)),
        Column("Made", lambda e: Moment(e.created_at)),
    ),
    load=load,
    key=lambda e: e.endpoint_id,
    key_type=UUID,
    empty="No endpoint yet. An administrator registers one below; docs/events.md shows how to "
    "check signatures.",
    intro="Where events are sent, signed, and again until they arrive.",
)


@get(PATH, access=page_access())
async def list_endpoints(
    request: HttpRequest,
    engine: NamedDependency[AsyncEngine],
    console: NamedDependency[ConsoleConfig],
) -> ASGIResponse:
    """Endpoints, newest first, and the form to register one."""
    return await answer_list(
        request, ENDPOINTS, (engine, engine), console.lens(), template="webhooks.html"
    )


@post(PATH, access=page_access(ADMIN))
async def register(
    request: HttpRequest,
    engine: NamedDependency[AsyncEngine],
    seal: NamedDependency[Seal],
    policy: NamedDependency[Policy],
    look_up: NamedDependency[Resolver],
) -> Reply:
    """A new endpoint; its secret is shown on this page only."""
    form = await read_form(request, RegisterForm)
    types = [part.strip() for part in form.types.split(",") if part.strip()]
    values = {"url": form.url, "types": types, "description": form.description}
    await check_values(policy, look_up, values)
    seat = seat_of(request)
    deed = Deed(
        key=form.key,
        subject=Subject("webhook_url", form.url),
        reason=form.reason,
        back=PATH,
        after=values,
    )
    if not await note(request, engine, "webhook.register", deed):
        return see_other(PATH)
    endpoint, secret = await writes.add_endpoint(
        engine,
        seal,
        {**values, "is_enabled": True},
        actor_name(seat.operator.login),
        seat.now,
    )
    return page(request, "webhook_secret.html", at=PATH, endpoint=endpoint, secret=secret)


@get(f"{PATH}/{{endpoint_id:str}}", access=page_access())
async def show_endpoint(
    request: HttpRequest,
    endpoint_id: FromPath[str],
    engine: NamedDependency[AsyncEngine],
    console: NamedDependency[ConsoleConfig],
) -> ASGIResponse:
    """An endpoint, what was sent to it and how it answered."""
    query = read_query(request, DeliveriesQuery, is_form=True)
    endpoint = await queries.get_endpoint(engine, parse_id(endpoint_id), None)
    if query.format == "csv":
        listed = deliveries_of(endpoint, DeliveriesQuery, query.status)
        return await answer_list(request, listed, (engine, engine), console.lens())
    before = decode_cursor(query.cursor, UUID)
    deliveries = await queries.list_deliveries(
        engine, endpoint.endpoint_id, query.status, before, _DELIVERIES + 1
    )
    following = None
    if len(deliveries) > _DELIVERIES:
        following = encode_cursor(deliveries[_DELIVERIES - 1].delivery_id)
    return page(
        request,
        "webhook.html",
        at=PATH,
        endpoint=endpoint,
        endpoint_state=_state(endpoint),
        deliveries=deliveries[:_DELIVERIES],
        following=following,
        status=query.status,
        history=await actions_on(engine, _subject(endpoint)),
    )


@post(f"{PATH}/{{endpoint_id:str}}/test", access=page_access(ACT))
async def send_test(
    request: HttpRequest, endpoint_id: FromPath[str], engine: NamedDependency[AsyncEngine]
) -> Reply:
    """Send a test event to it at once."""
    form = await read_form(request, ActionForm)
    endpoint = await _endpoint(engine, endpoint_id)
    check_enabled(endpoint)
    if await note(request, engine, "webhook.test", _deed(form, endpoint, {})):
        seat = seat_of(request)
        await writes.add_test(engine, endpoint, actor_name(seat.operator.login), seat.now)
    return see_other(_href(endpoint.endpoint_id))


@post(f"{PATH}/{{endpoint_id:str}}/switch", access=page_access(ACT))
async def switch(
    request: HttpRequest, endpoint_id: FromPath[str], engine: NamedDependency[AsyncEngine]
) -> Reply:
    """Send nothing more to it, or send again."""
    form = await read_form(request, SwitchForm)
    endpoint = await _endpoint(engine, endpoint_id)
    values: dict[str, Any] = {
        "is_enabled": form.is_enabled,
        "disabled_reason": None if form.is_enabled else "client",
        "failing_since": None,
    }
    word = "webhook.enable" if form.is_enabled else "webhook.disable"
    deed = _deed(form, endpoint, {"is_enabled": form.is_enabled})
    await note(request, engine, word, deed)
    now = seat_of(request).now
    await writes.change_endpoint(engine, endpoint.endpoint_id, None, values, now)
    return see_other(deed.back)


@post(f"{PATH}/{{endpoint_id:str}}/rotate", access=page_access(ADMIN))
async def rotate(
    request: HttpRequest,
    endpoint_id: FromPath[str],
    engine: NamedDependency[AsyncEngine],
    seal: NamedDependency[Seal],
) -> Reply:
    """A new secret, shown on this page only; the one before signs too for 24 hours."""
    form = await read_form(request, ActionForm)
    endpoint = await _endpoint(engine, endpoint_id)
    deed = _deed(form, endpoint, {})
    if not await note(request, engine, "webhook.rotate", deed):
        return see_other(deed.back)
    now = seat_of(request).now
    endpoint, secret = await writes.rotate_secret(engine, seal, endpoint.endpoint_id, None, now)
    return page(request, "webhook_secret.html", at=PATH, endpoint=endpoint, secret=secret)


@post(f"{PATH}/{{endpoint_id:str}}/delete", access=page_access(ADMIN))
async def delete(
    request: HttpRequest, endpoint_id: FromPath[str], engine: NamedDependency[AsyncEngine]
) -> Reply:
    """Delete it with what is known of its deliveries."""
    form = await read_form(request, ActionForm)
    endpoint = await _endpoint(engine, endpoint_id)
    await note(request, engine, "webhook.delete", _deed(form, endpoint, {"deleted": True}))
    await writes.delete_endpoint(engine, endpoint.endpoint_id, None)
    return see_other(PATH)


@post(f"{PATH}/{{endpoint_id:str}}/deliveries/{{delivery_id:str}}/retry", access=page_access(ACT))
async def send_again(
    request: HttpRequest,
    endpoint_id: FromPath[str],
    delivery_id: FromPath[str],
    engine: NamedDependency[AsyncEngine],
) -> Reply:
    """Send it once more at once, also when it arrived."""
    form = await read_form(request, ActionForm)
    endpoint = await _endpoint(engine, endpoint_id)
    check_enabled(endpoint)
    delivery = await queries.get_delivery(engine, endpoint.endpoint_id, parse_id(delivery_id))
    after = {"delivery": str(delivery.delivery_id), "event": delivery.event_id}
    if await note(request, engine, "webhook.send_again", _deed(form, endpoint, after)):
        await retry_delivery(engine, endpoint.endpoint_id, delivery.delivery_id)
    return see_other(_href(endpoint.endpoint_id))


async def _endpoint(engine: AsyncEngine, endpoint_id: str) -> EndpointView:
    return await queries.get_endpoint(engine, parse_id(endpoint_id), None)


def _subject(endpoint: EndpointView) -> Subject:
    return Subject("webhook_endpoint", str(endpoint.endpoint_id))


def _deed(form: ActionForm, endpoint: EndpointView, after: dict[str, Any]) -> Deed:
    return Deed(
        key=form.key,
        subject=_subject(endpoint),
        reason=form.reason,
        back=_href(endpoint.endpoint_id),
        before={"url": endpoint.url, "is_enabled": endpoint.is_enabled},
        after=after,
    )


HANDLERS: Final = (
    list_endpoints,
    register,
    show_endpoint,
    send_test,
    switch,
    rotate,
    delete,
    send_again,
)
