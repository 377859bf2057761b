"""Deliveries: made of events, claimed when due, written down after each attempt."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from payments.endpoints.queries import DeliveryNotFound, EndpointView
from payments.endpoints.tables import webhook_deliveries, webhook_endpoints, webhook_position
from payments.events.event import NumberedEvent, Packings
from payments.events.queries import read_with
from payments.events.types import matcher
from payments.events.writes import number
from payments.kernel.errors import Conflict
from payments.kernel.ids import new_id
from payments.kernel.sql import load_sql

_AT_ONCE: Final = 500
_CLAIM: Final = load_sql(__file__, "claim_deliveries")
_WITH_DUE: Final = load_sql(__file__, "endpoints_with_due")
_INSERT: Final = load_sql(__file__, "insert_deliveries")
_RECORD: Final = load_sql(__file__, "record_attempts")
_MARK: Final = load_sql(__file__, "mark_endpoints")
_RELEASE: Final = load_sql(__file__, "release_deliveries")
_RECOVER: Final = load_sql(__file__, "recover_deliveries")
_PRUNE: Final = load_sql(__file__, "prune_deliveries")
_encode: Final = msgspec.json.Encoder().encode


_Endpoint = sa.Row[Any, Any, Any]


class EndpointDisabled(Conflict):
    """The endpoint is disabled: enable it first, with PATCH and `{"is_enabled": true}`."""

    code = "endpoint_disabled"


class Due(msgspec.Struct, frozen=True):
    """An endpoint that something is due for; one that fails gets fewer deliveries at a time."""

    endpoint_id: UUID
    is_failing: bool


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """What came of sending a delivery. `again_after_s` None: it is not sent again.

    `said`: the attempt as it is kept.
    """

    delivery_id: UUID
    endpoint_id: UUID
    is_success: bool
    said: Mapping[str, Any]
    at: datetime
    again_after_s: float | None


def check_enabled(endpoint: EndpointView) -> None:
    """Raise 409 `endpoint_disabled` for one that nothing is sent to."""
    if not endpoint.is_enabled:
        raise EndpointDisabled


async def retry_delivery(engine: AsyncEngine, endpoint_id: UUID, id_: UUID | None) -> None:
    """Send it again at once, also one that succeeded; its schedule of repeats begins anew.

    Raises 404 `delivery_not_found`.
    """
    c = webhook_deliveries.c
    statement = (
        webhook_deliveries.update()
        .where(c.endpoint_id == endpoint_id, c.id == id_)
        .values(next_attempt_at=sa.func.now(), schedule_from=c.attempt_count)
    )
    async with engine.begin() as connection:
        if (await connection.execute(statement)).rowcount != 1:
            raise DeliveryNotFound


async def recover(engine: AsyncEngine, endpoint_id: UUID, since: datetime) -> int:
    """Send again whatever failed since, each with a schedule of repeats anew; gives how many."""
    async with engine.begin() as connection:
        done = await connection.exec_driver_sql(_RECOVER, (endpoint_id, since))
    return done.rowcount


async def spread(engine: AsyncEngine, packings: Packings, now: datetime) -> int:
    """Make deliveries of the events that have come; gives how many events were looked at.

    One executor at a time, by the lock on the position's row: an event meets an endpoint once.
    Only events that had a number before the endpoints were read: an endpoint that is made
    meanwhile would miss what is decided after it.
    """
    await number(engine)
    async with engine.begin() as connection:
        position = sa.select(webhook_position.c.through_sequence).with_for_update()
        after: int = (await connection.execute(position)).scalar_one()
        last: int = (
            await connection.execute(sa.text("SELECT last_sequence FROM event_position"))
        ).scalar_one()
        if last <= after:
            return 0
        endpoints = await _enabled(connection)
        through = last
        if endpoints:
            read = await read_with(connection, packings, after, matcher(()), _AT_ONCE)
            through = min(read.through, last)
            events = [one for one in read.events if one.sequence <= last]
            await _spread(connection, endpoints, events, read.traces, now)
        await connection.execute(webhook_position.update().values(through_sequence=through))
    return through - after


async def _enabled(connection: AsyncConnection) -> Sequence[_Endpoint]:
    c = webhook_endpoints.c
    query = sa.select(c.id, c.types, c.after_sequence).where(c.is_enabled)
    return (await connection.execute(query)).all()


async def _spread(
    connection: AsyncConnection,
    endpoints: Sequence[_Endpoint],
    events: Sequence[NumberedEvent],
    traces: Mapping[int, str],
    now: datetime,
) -> None:
    """Deliveries of these events to the endpoints that asked for them."""
    bodies = [_encode(one).decode() for one in events]
    for endpoint in endpoints:
        is_wanted = matcher(tuple(endpoint.types))
        rows = [
            (new_id(), one.id, one.sequence, one.type, body, traces.get(one.sequence))
            for one, body in zip(events, bodies, strict=True)
            if one.sequence > endpoint.after_sequence and is_wanted(one.type)
        ]
        if rows:
            columns = [list(column) for column in zip(*rows, strict=True)]
            await connection.exec_driver_sql(_INSERT, (endpoint.id, now, *columns))


async def due(engine: AsyncEngine) -> list[Due]:
    """Endpoints that something is due for."""
    async with engine.connect() as connection:
        rows = await connection.exec_driver_sql(_WITH_DUE)
        return [Due(row.id, row.is_failing) for row in rows.all()]


async def claim(
    engine: AsyncEngine, places: Mapping[UUID, int], lease_s: float
) -> Sequence[sa.Row[Any]]:
    """Take what is due: of each endpoint as many as it has places."""
    arguments = (list(places), list(places.values()), lease_s)
    async with engine.begin() as connection:
        return (await connection.exec_driver_sql(_CLAIM, arguments)).all()


async def release(engine: AsyncEngine, ids: Sequence[UUID]) -> None:
    """Give back what was claimed and is not sent after all."""
    async with engine.begin() as connection:
        await connection.exec_driver_sql(_RELEASE, (list(ids),))


async def record(engine: AsyncEngine, attempts: Sequence[Attempt]) -> None:
    """Write down attempts in their order, each of another delivery, and how endpoints stand."""
    rows = [
        (
            one.delivery_id,
            "succeeded" if one.is_success else "failed",
            _encode([one.said]).decode(),
            one.at,
            one.again_after_s,
        )
        for one in attempts
    ]
    marks = [(id_, *mark) for id_, mark in _marks(attempts).items()]
    async with engine.begin() as connection:
        await connection.exec_driver_sql(_RECORD, _columns(rows))
        await connection.exec_driver_sql(_MARK, _columns(marks))


def _columns(rows: Sequence[tuple[Any, ...]]) -> tuple[list[Any], ...]:
    return tuple(list(column) for column in zip(*rows, strict=True))


def _marks(attempts: Sequence[Attempt]) -> dict[UUID, tuple[datetime | None, bool]]:
    """By endpoint: the first failure since its last success, and whether there was a success."""
    marks: dict[UUID, tuple[datetime | None, bool]] = {}
    for one in attempts:
        since, has_succeeded = marks.get(one.endpoint_id, (None, False))
        if one.is_success:
            marks[one.endpoint_id] = (None, True)
        else:
            marks[one.endpoint_id] = (since or one.at, has_succeeded)
    return marks


async def prune(engine: AsyncEngine, before: datetime, now: datetime, at_once: int) -> int:
    """Delete deliveries made before that time which are not sent again; gives how many.

    A few at a time, each part with its record in `webhook_prunings`.
    """
    total = 0
    while True:
        async with engine.begin() as connection:
            done = await connection.exec_driver_sql(_PRUNE, (before, at_once, now))
            count: int = done.scalar_one()
        total += count
        if count < at_once:
            return total
