"""Outgoing webhooks: where a client wants its events, and what became of each."""

from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from typing import Final
from uuid import UUID

import msgspec
from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.deliveries import writes as deliveries
from payments.endpoints import queries, writes
from payments.endpoints.destination import Policy, Resolver
from payments.endpoints.queries import DeliveryView, EndpointView
from payments.endpoints.sealing import Seal
from payments.endpoints.values import check_values
from payments.events.event import client_of
from payments.http.access import Access
from payments.http.auth import API_KEY, actor_of
from payments.http.body import read_body
from payments.http.listing import Listing, list_reply
from payments.http.lists import Page
from payments.http.query import read_query
from payments.http.reply import Reply, json_reply
from payments.http.scopes import ADMIN
from payments.http.services import HttpRequest, Time
from payments.kernel.ids import parse_id
from payments.surfaces.native.answers import (
    DeliveryList,
    EndpointList,
    EndpointWithSecret,
    Recovered,
)
from payments.surfaces.native.bodies import (
    DeliveriesQuery,
    EmptyBody,
    EndpointBody,
    EndpointPatch,
    RecoverBody,
)

WRITE: Final = "webhooks:write"


@post(
    "/v1/webhook-endpoints",
    access=Access(API_KEY, WRITE, body=EndpointBody, answers={201: EndpointWithSecret}),
)
async def create_endpoint(
    request: HttpRequest,
    engine: NamedDependency[AsyncEngine],
    clock: NamedDependency[Time],
    seal: NamedDependency[Seal],
    policy: NamedDependency[Policy],
    look_up: NamedDependency[Resolver],
) -> Reply:
    """Send events to a URL. The secret signs them (Standard Webhooks) and is shown once."""
    body = await read_body(request, EndpointBody)
    values = msgspec.structs.asdict(body)
    await check_values(policy, look_up, values)
    endpoint, secret = await writes.add_endpoint(
        engine,
        seal,
        {**values, "is_enabled": True},
        actor_of(request).name,
        clock.now(),
    )
    return _with_secret(endpoint, secret, HTTPStatus.CREATED)


@get(
    "/v1/webhook-endpoints",
    access=Access(API_KEY, WRITE, query=Page, answers={200: EndpointList}),
)
async def list_endpoints(
    request: HttpRequest, engine: NamedDependency[AsyncEngine]
) -> ASGIResponse:
    """One's own endpoints, newest first; an administrator sees all."""
    page = read_query(request, Page)
    listing = Listing(
        cursor=UUID,
        read=partial(queries.list_endpoints, engine, _actors(request)),
        key=lambda endpoint: endpoint.endpoint_id,
    )
    return await list_reply(request, page, listing)


@get(
    "/v1/webhook-endpoints/{endpoint_id:str}",
    access=Access(API_KEY, WRITE, answers={200: EndpointView}),
)
async def get_endpoint(
    request: HttpRequest, endpoint_id: FromPath[str], engine: NamedDependency[AsyncEngine]
) -> Reply:
    """An endpoint, without its secret."""
    return json_reply(await _endpoint(request, endpoint_id, engine))


@patch(
    "/v1/webhook-endpoints/{endpoint_id:str}",
    access=Access(API_KEY, WRITE, body=EndpointPatch, answers={200: EndpointView}),
)
async def change_endpoint(
    request: HttpRequest,
    endpoint_id: FromPath[str],
    engine: NamedDependency[AsyncEngine],
    clock: NamedDependency[Time],
    policy: NamedDependency[Policy],
    look_up: NamedDependency[Resolver],
) -> Reply:
    """Change URL, types or description; switch it off, or on again."""
    body = await read_body(request, EndpointPatch)
    values = {n: v for n, v in msgspec.structs.asdict(body).items() if v is not msgspec.UNSET}
    await check_values(policy, look_up, values)
    if "is_enabled" in values:
        values |= {"disabled_reason": None if body.is_enabled else "client", "failing_since": None}
    return json_reply(
        await writes.change_endpoint(
            engine,
            parse_id(endpoint_id),
            _actors(request),
            values,
            clock.now(),
        )
    )


@delete(
    "/v1/webhook-endpoints/{endpoint_id:str}",
    access=Access(API_KEY, WRITE, answers={204: None}),
    status_code=HTTPStatus.OK,
)
async def delete_endpoint(
    request: HttpRequest, endpoint_id: FromPath[str], engine: NamedDependency[AsyncEngine]
) -> Reply:
    """Delete an endpoint and what is known of its deliveries."""
    await writes.delete_endpoint(engine, parse_id(endpoint_id), _actors(request))
    return Reply(HTTPStatus.NO_CONTENT, b"")


@post(
    "/v1/webhook-endpoints/{endpoint_id:str}/rotate-secret",
    status_code=200,
    access=Access(
        API_KEY, WRITE, body=EmptyBody, may_be_empty=True, answers={200: EndpointWithSecret}
    ),
)
async def rotate_secret(
    request: HttpRequest,
    endpoint_id: FromPath[str],
    engine: NamedDependency[AsyncEngine],
    clock: NamedDependency[Time],
    seal: NamedDependency[Seal],
) -> Reply:
    """A new secret; for 24 h deliveries are signed with the one before too."""
    await read_body(request, EmptyBody)
    endpoint, secret = await writes.rotate_secret(
        engine,
        seal,
        parse_id(endpoint_id),
        _actors(request),
        clock.now(),
    )
    return _with_secret(endpoint, secret, HTTPStatus.OK)


@post(
    "/v1/webhook-endpoints/{endpoint_id:str}/test",
    status_code=202,
    access=Access(API_KEY, WRITE, body=EmptyBody, may_be_empty=True, answers={202: DeliveryView}),
)
async def test_endpoint(
    request: HttpRequest,
    endpoint_id: FromPath[str],
    engine: NamedDependency[AsyncEngine],
    clock: NamedDependency[Time],
) -> Reply:
    """Send it a test event at once; one that is disabled is enabled first."""
    await read_body(request, EmptyBody)
    endpoint = await _endpoint(request, endpoint_id, engine)
    deliveries.check_enabled(endpoint)
    now = clock.now()
    id_ = await writes.add_test(engine, endpoint, client_of(actor_of(request).name), now)
    found = await queries.get_delivery(engine, endpoint.endpoint_id, id_)
    return json_reply(found, HTTPStatus.ACCEPTED)


@get(
    "/v1/webhook-endpoints/{endpoint_id:str}/deliveries",
    access=Access(API_KEY, WRITE, query=DeliveriesQuery, answers={200: DeliveryList}),
)
async def list_deliveries(
    request: HttpRequest, endpoint_id: FromPath[str], engine: NamedDependency[AsyncEngine]
) -> ASGIResponse:
    """What was sent, newest first, with every attempt and the next one."""
    page = read_query(request, DeliveriesQuery)
    endpoint = await _endpoint(request, endpoint_id, engine)
    listing = Listing(
        cursor=UUID,
        read=partial(queries.list_deliveries, engine, endpoint.endpoint_id, page.status),
        key=lambda delivery: delivery.delivery_id,
    )
    return await list_reply(request, page, listing)


@post(
    "/v1/webhook-endpoints/{endpoint_id:str}/deliveries/{delivery_id:str}/retry",
    status_code=202,
    access=Access(API_KEY, WRITE, body=EmptyBody, may_be_empty=True, answers={202: DeliveryView}),
)
async def retry_delivery(
    request: HttpRequest,
    endpoint_id: FromPath[str],
    delivery_id: FromPath[str],
    engine: NamedDependency[AsyncEngine],
) -> Reply:
    """Send it once more at once; an endpoint that is disabled is enabled first."""
    await read_body(request, EmptyBody)
    endpoint = await _endpoint(request, endpoint_id, engine)
    deliveries.check_enabled(endpoint)
    id_ = parse_id(delivery_id)
    await deliveries.retry_delivery(engine, endpoint.endpoint_id, id_)
    found = await queries.get_delivery(engine, endpoint.endpoint_id, id_)
    return json_reply(found, HTTPStatus.ACCEPTED)


@post(
    "/v1/webhook-endpoints/{endpoint_id:str}/recover",
    status_code=202,
    access=Access(API_KEY, WRITE, body=RecoverBody, answers={202: Recovered}),
)
async def recover_endpoint(
    request: HttpRequest,
    endpoint_id: FromPath[str],
    engine: NamedDependency[AsyncEngine],
) -> Reply:
    """Send again whatever failed since; an endpoint that is disabled is enabled first."""
    body = await read_body(request, RecoverBody)
    endpoint = await _endpoint(request, endpoint_id, engine)
    deliveries.check_enabled(endpoint)
    count = await deliveries.recover(engine, endpoint.endpoint_id, body.since)
    return json_reply({"recovered": count}, HTTPStatus.ACCEPTED)


def _actors(request: HttpRequest) -> Sequence[str] | None:
    """Whose endpoints the caller sees: an administrator everybody's (None)."""
    actor = actor_of(request)
    return None if actor.may(ADMIN) else (actor.name, *actor.also)


async def _endpoint(request: HttpRequest, endpoint_id: str, engine: AsyncEngine) -> EndpointView:
    return await queries.get_endpoint(engine, parse_id(endpoint_id), _actors(request))


def _with_secret(endpoint: EndpointView, secret: str, status: HTTPStatus) -> Reply:
    return json_reply({**msgspec.structs.asdict(endpoint), "secret": secret}, status)


HANDLERS: Final = (
    create_endpoint,
    list_endpoints,
    get_endpoint,
    change_endpoint,
    delete_endpoint,
    rotate_secret,
    test_endpoint,
    list_deliveries,
    retry_delivery,
    recover_endpoint,
)
