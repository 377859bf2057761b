"""Writes of webhook endpoints: what clients say of them. No money moves."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from payments.endpoints.queries import (
    DeliveryNotFound,
    EndpointNotFound,
    EndpointView,
    endpoint_view,
    mine,
)
from payments.endpoints.sealing import Seal, new_endpoint_secret
from payments.endpoints.tables import webhook_deliveries, webhook_endpoints, webhook_position
from payments.events.event import SYSTEM, Event, NumberedEvent
from payments.events.queries import read_with
from payments.events.types import ENDPOINT_DISABLED, ENDPOINT_TEST, matcher
from payments.events.writes import add_to, number
from payments.kernel.clock import rfc3339
from payments.kernel.errors import Conflict
from payments.kernel.ids import new_id
from payments.kernel.sql import load_sql

TWO_LIVE: Final = timedelta(hours=24)
ENDPOINTS_MAX: Final = 100
_AT_ONCE: Final = 500
_CLAIM: Final = load_sql(__file__, "claim_deliveries")
_WITH_DUE: Final = load_sql(__file__, "endpoints_with_due")
_RECORD: Final = load_sql(__file__, "record_attempt")
_encode: Final = msgspec.json.Encoder().encode


class TooManyEndpoints(Conflict):
    """A client has a hundred endpoints at most."""

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
    row = _delivery(endpoint.endpoint_id, event_id, None, ENDPOINT_TEST, _encode(test), now)
    async with engine.begin() as connection:
        await connection.execute(webhook_deliveries.insert().values(row))
    delivery_id: UUID = row["id"]
    return delivery_id


async def retry_delivery(
    engine: AsyncEngine, endpoint_id: UUID, id_: UUID | None, now: datetime
) -> None:
    """Send it again at once, also one that succeeded. Raises 404 `delivery_not_found`."""
    c = webhook_deliveries.c
    statement = webhook_deliveries.update().where(c.endpoint_id == endpoint_id, c.id == id_)
    async with engine.begin() as connection:
        if (await connection.execute(statement.values(next_attempt_at=now))).rowcount != 1:
            raise DeliveryNotFound


async def recover(engine: AsyncEngine, endpoint_id: UUID, since: datetime, now: datetime) -> int:
    """Send again whatever failed since; gives how many."""
    c = webhook_deliveries.c
    statement = (
        webhook_deliveries.update()
        .where(c.endpoint_id == endpoint_id, c.status == "failed", c.last_attempt_at >= since)
        .values(next_attempt_at=now)
    )
    async with engine.begin() as connection:
        changed: int = (await connection.execute(statement)).rowcount
    return changed


async def spread(engine: AsyncEngine, now: datetime) -> int:
    """Make deliveries of the events that have come; gives how many events were looked at.

    One executor at a time, by the lock on the position's row: an event meets an endpoint once.
    """
    await number(engine)
    async with engine.begin() as connection:
        position = sa.select(webhook_position.c.through_sequence).with_for_update()
        after = (await connection.execute(position)).scalar_one()
        endpoints = (
            await connection.execute(
                sa.select(
                    webhook_endpoints.c.id,
                    webhook_endpoints.c.types,
                    webhook_endpoints.c.after_sequence,
                ).where(webhook_endpoints.c.is_enabled)
            )
        ).all()
        found = await read_with(connection, after, matcher(()), _AT_ONCE)
        if found.through == after:
            return 0
        rows = [
            _delivery(e.id, one.id, one.sequence, one.type, _encode(one), now)
            for e in endpoints
            for one in found.events
            if _is_for(one, e.types, e.after_sequence)
        ]
        for first in range(0, len(rows), _AT_ONCE):
            await connection.execute(
                insert(webhook_deliveries)
                .values(rows[first : first + _AT_ONCE])
                .on_conflict_do_nothing()
            )
        await connection.execute(webhook_position.update().values(through_sequence=found.through))
    looked_at: int = found.through - after
    return looked_at


def _is_for(event: NumberedEvent, types: Sequence[str], after: int) -> bool:
    return event.sequence > after and matcher(tuple(types))(event.type)


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


async def claim(
    engine: AsyncEngine, busy: Mapping[UUID, int], places: int, now: datetime, lease: timedelta
) -> Sequence[sa.Row[Any]]:
    """Take what is due, a few an endpoint; `busy`: how many of each are under way here."""
    async with engine.begin() as connection:
        due = (await connection.exec_driver_sql(_WITH_DUE, (now,))).scalars().all()
        if not due:
            return ()
        taken = [busy.get(id_, 0) for id_ in due]
        arguments = (due, taken, now, now + lease, places)
        return (await connection.exec_driver_sql(_CLAIM, arguments)).all()


async def record(
    engine: AsyncEngine,
    row: sa.Row[Any],
    status: str,
    attempt: Mapping[str, Any],
    now: datetime,
    again_at: datetime | None,
) -> None:
    """Write down what came of an attempt, at the delivery and at its endpoint."""
    arguments = (row.id, status, _encode([attempt]).decode(), now, again_at)
    async with engine.begin() as connection:
        await connection.exec_driver_sql(_RECORD, arguments)
        await _mark(connection, row.endpoint_id, None if status == "succeeded" else now)


async def _mark(connection: AsyncConnection, id_: UUID, failing_since: datetime | None) -> None:
    """Note the first failure in a row, or that it is over."""
    c = webhook_endpoints.c
    condition = c.failing_since.is_(None) if failing_since else c.failing_since.is_not(None)
    await connection.execute(
        webhook_endpoints.update().where(c.id == id_, condition).values(failing_since=failing_since)
    )


def _delivery(
    endpoint_id: UUID, event_id: str, sequence: int | None, type_: str, body: bytes, now: datetime
) -> dict[str, Any]:
    return {
        "id": new_id(),
        "endpoint_id": endpoint_id,
        "event_id": event_id,
        "sequence": sequence,
        "type": type_,
        "body": body.decode(),
        "status": "pending",
        "attempt_count": 0,
        "attempts": [],
        "next_attempt_at": now,
        "created_at": now,
    }
