"""Reads of webhook endpoints and of what was sent to them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.endpoints.tables import webhook_deliveries, webhook_endpoints, webhook_position
from payments.kernel.clock import rfc3339
from payments.kernel.errors import NotFound


class EndpointNotFound(NotFound):
    """There is no such webhook endpoint."""

    code = "endpoint_not_found"


class DeliveryNotFound(NotFound):
    """There is no such delivery."""

    code = "delivery_not_found"


class EndpointView(msgspec.Struct, frozen=True, kw_only=True):
    """Where events are sent. `disabled_reason`: client, gone (it answered 410) or failing."""

    endpoint_id: UUID
    url: str
    types: Sequence[str]
    description: str
    is_enabled: bool
    disabled_reason: str | None
    failing_since: str | None
    created_at: str
    updated_at: str


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """An event on its way to an endpoint; `status`, `status_code` … are of the last attempt."""

    delivery_id: UUID
    event_id: str
    sequence: int | None
    type: str
    status: str
    status_code: int | None
    error: str | None
    duration_ms: int | None
    answer: str | None
    attempt_count: int
    attempts: Sequence[Mapping[str, Any]]
    created_at: str
    last_attempt_at: str | None
    next_attempt_at: str | None


def mine(actors: Sequence[str] | None) -> sa.ColumnElement[bool]:
    """Endpoints of these actors; of everybody when None."""
    return sa.true() if actors is None else webhook_endpoints.c.actor.in_(actors)


async def get_endpoint(
    engine: AsyncEngine, id_: UUID | None, actors: Sequence[str] | None
) -> EndpointView:
    """One of one's own. Raises 404 `endpoint_not_found`."""
    query = sa.select(webhook_endpoints).where(webhook_endpoints.c.id == id_, mine(actors))
    async with engine.connect() as connection:
        row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise EndpointNotFound
    return endpoint_view(row)


class EndpointFilters(msgspec.Struct, frozen=True, kw_only=True):
    """`state`: enabled, disabled or failing, which is enabled too. `url`: a part of the address."""

    state: str | None = None
    url: str | None = None

    def conditions(self) -> Iterator[sa.ColumnElement[bool]]:
        """What the rows must have; there are a hundred endpoints a client, so none has an index."""
        c = webhook_endpoints.c
        if self.state is not None:
            yield c.is_enabled == (self.state != "disabled")
        if self.state == "failing":
            yield c.failing_since.is_not(None)
        if self.url is not None:
            yield c.url.contains(self.url, autoescape=True)


async def list_endpoints(
    engine: AsyncEngine,
    actors: Sequence[str] | None,
    before: UUID | None,
    count: int,
    filters: EndpointFilters = EndpointFilters(),  # noqa: B008 - immutable
) -> list[EndpointView]:
    """Newest first."""
    c = webhook_endpoints.c
    query = sa.select(webhook_endpoints).where(mine(actors), *filters.conditions())
    query = query.order_by(c.id.desc()).limit(count)
    if before is not None:
        query = query.where(c.id < before)
    async with engine.connect() as connection:
        return [endpoint_view(row) for row in await connection.execute(query)]


async def list_deliveries(
    engine: AsyncEngine, endpoint_id: UUID, status: str | None, before: UUID | None, count: int
) -> list[DeliveryView]:
    """Newest first."""
    c = webhook_deliveries.c
    query = sa.select(webhook_deliveries).where(c.endpoint_id == endpoint_id)
    if status is not None:
        query = query.where(c.status == status)
    if before is not None:
        query = query.where(c.id < before)
    async with engine.connect() as connection:
        rows = await connection.execute(query.order_by(c.id.desc()).limit(count))
        return [delivery_view(row) for row in rows]


async def get_delivery(engine: AsyncEngine, endpoint_id: UUID, id_: UUID | None) -> DeliveryView:
    """One of an endpoint's. Raises 404 `delivery_not_found`."""
    c = webhook_deliveries.c
    query = sa.select(webhook_deliveries).where(c.endpoint_id == endpoint_id, c.id == id_)
    async with engine.connect() as connection:
        row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise DeliveryNotFound
    return delivery_view(row)


async def spread_through(engine: AsyncEngine) -> int | None:
    """Up to which event deliveries have been made; None when there is nobody to make them for."""
    is_wanted = sa.exists().where(webhook_endpoints.c.is_enabled)
    query = sa.select(webhook_position.c.through_sequence).where(is_wanted)
    async with engine.connect() as connection:
        through: int | None = (await connection.execute(query)).scalar_one_or_none()
    return through


def endpoint_view(row: sa.Row[Any]) -> EndpointView:
    """The endpoint as it is shown: never its secret."""
    return EndpointView(
        endpoint_id=row.id,
        url=row.url,
        types=row.types,
        description=row.description,
        is_enabled=row.is_enabled,
        disabled_reason=row.disabled_reason,
        failing_since=None if row.failing_since is None else rfc3339(row.failing_since),
        created_at=rfc3339(row.created_at),
        updated_at=rfc3339(row.updated_at),
    )


def delivery_view(row: sa.Row[Any]) -> DeliveryView:
    """The delivery as it is shown."""
    last: Mapping[str, Any] = row.attempts[-1] if row.attempts else {}
    return DeliveryView(
        delivery_id=row.id,
        event_id=row.event_id,
        sequence=row.sequence,
        type=row.type,
        status=row.status,
        status_code=last.get("status_code"),
        error=last.get("error"),
        duration_ms=last.get("duration_ms"),
        answer=last.get("answer"),
        attempt_count=row.attempt_count,
        attempts=row.attempts,
        created_at=rfc3339(row.created_at),
        last_attempt_at=None if row.last_attempt_at is None else rfc3339(row.last_attempt_at),
        next_attempt_at=None if row.next_attempt_at is None else rfc3339(row.next_attempt_at),
    )
