"""Writes of webhook endpoints: what clients say of them. No money moves."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.endpoints.queries import (
    EndpointNotFound,
    EndpointView,
    endpoint_view,
    mine,
)
from payments.endpoints.sealing import Seal, new_endpoint_secret
from payments.endpoints.tables import webhook_deliveries, webhook_endpoints
from payments.events.event import SYSTEM, Event
from payments.events.types import ENDPOINT_DISABLED, ENDPOINT_TEST
from payments.events.writes import add_to, number
from payments.kernel import tracing
from payments.kernel.clock import rfc3339
from payments.kernel.errors import Conflict
from payments.kernel.ids import new_id

TWO_LIVE: Final = timedelta(hours=24)
ENDPOINTS_MAX: Final = 100
_encode: Final = msgspec.json.Encoder().encode


class TooManyEndpoints(Conflict):
    """You have a hundred endpoints, the most there may be: delete one that is not used."""

    code = "too_many_endpoints"


async def add_endpoint(
    engine: AsyncEngine, seal: Seal, values: dict[str, Any], actor: str, now: datetime
) -> tuple[EndpointView, str]:
    """A new endpoint and its secret, which is shown this once."""
    await number(engine)
    secret, c = new_endpoint_secret(), webhook_endpoints.c
    async with engine.begin() as connection:
        count = sa.select(sa.func.count()).where(c.actor == actor)
        if (await connection.execute(count)).scalar_one() >= ENDPOINTS_MAX:
            raise TooManyEndpoints
        last = sa.text("SELECT last_sequence FROM event_position")
        row = await connection.execute(
            webhook_endpoints.insert()
            .values(
                **values,
                id=new_id(),
                actor=actor,
                secret=seal.close(secret),
                after_sequence=(await connection.execute(last)).scalar_one(),
                created_at=now,
                updated_at=now,
            )
            .returning(webhook_endpoints)
        )
        return endpoint_view(row.one()), secret


async def change_endpoint(
    engine: AsyncEngine,
    id_: UUID | None,
    actors: Sequence[str] | None,
    values: dict[str, Any],
    now: datetime,
) -> EndpointView:
    """Change some of it. Raises 404 `endpoint_not_found`."""
    statement = (
        webhook_endpoints.update()
        .where(webhook_endpoints.c.id == id_, mine(actors))
        .values(**values, updated_at=now)
        .returning(webhook_endpoints)
    )
    async with engine.begin() as connection:
        row = (await connection.execute(statement)).one_or_none()
    if row is None:
        raise EndpointNotFound
    return endpoint_view(row)


async def delete_endpoint(
    engine: AsyncEngine, id_: UUID | None, actors: Sequence[str] | None
) -> None:
    """Delete it with its deliveries. Raises 404 `endpoint_not_found`."""
    is_it = sa.and_(webhook_endpoints.c.id == id_, mine(actors))
    async with engine.begin() as connection:
        own = (await connection.execute(sa.select(webhook_endpoints.c.id).where(is_it))).scalar()
        if own is None:
            raise EndpointNotFound
        # Deliveries first, as the deliverer locks them: the other order can deadlock with it.
        await connection.execute(
            webhook_deliveries.delete().where(webhook_deliveries.c.endpoint_id == own)
        )
        await connection.execute(webhook_endpoints.delete().where(is_it))


async def rotate_secret(
    engine: AsyncEngine, seal: Seal, id_: UUID | None, actors: Sequence[str] | None, now: datetime
) -> tuple[EndpointView, str]:
    """A new secret; the one before signs too for 24 h. Raises 404 `endpoint_not_found`."""
    secret = new_endpoint_secret()
    values = {
        "previous_secret": webhook_endpoints.c.secret,
        "previous_until": now + TWO_LIVE,
        "secret": seal.close(secret),
    }
    return await change_endpoint(engine, id_, actors, values, now), secret


async def add_test(engine: AsyncEngine, endpoint: EndpointView, client: str, now: datetime) -> UUID:
    """A test event for this endpoint alone, due at once; gives the delivery's id."""
    event_id = f"evt_{new_id().hex}"
    test = {
        "id": event_id,
        "sequence": None,
        "type": ENDPOINT_TEST,
        "occurred_at": rfc3339(now),
        "operation_id": None,
        "client": client,
        "data": {"endpoint_id": endpoint.endpoint_id},
    }
    delivery_id = new_id()
    row = {
        "id": delivery_id,
        "endpoint_id": endpoint.endpoint_id,
        "event_id": event_id,
        "type": ENDPOINT_TEST,
        "body": _encode(test).decode(),
        "status": "pending",
        "attempt_count": 0,
        "attempts": [],
        "next_attempt_at": sa.func.now(),
        "created_at": now,
        "traceparent": tracing.current() or None,
    }
    async with engine.begin() as connection:
        await connection.execute(webhook_deliveries.insert().values(row))
    return delivery_id


async def disable(engine: AsyncEngine, id_: UUID, reason: str, now: datetime) -> None:
    """Send nothing more to it, with an event. One that is disabled stays as it is."""
    c = webhook_endpoints.c
    statement = (
        webhook_endpoints.update()
        .where(c.id == id_, c.is_enabled)
        .values(is_enabled=False, disabled_reason=reason, updated_at=now)
        .returning(webhook_endpoints)
    )
    async with engine.begin() as connection:
        row = (await connection.execute(statement)).one_or_none()
        if row is not None:
            await add_to(connection, [_disabled(endpoint_view(row))], now)


def _disabled(endpoint: EndpointView) -> Event:
    return Event(
        id=f"evt_{new_id().hex}",
        type=ENDPOINT_DISABLED,
        operation_id=None,
        client=SYSTEM,
        data=endpoint,
    )
