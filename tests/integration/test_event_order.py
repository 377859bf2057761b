"""Readers see every event once, in an order that never changes, however writers commit."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.events.event import Event
from payments.events.queries import position, read
from payments.events.types import matcher
from payments.events.writes import add, number
from payments.kernel.clock import utc_now
from payments.kernel.database import Connection, connect, create_engine
from payments.kernel.ids import new_id
from payments.kernel.randomness import seeded

ALL = matcher(())


def some(client: str, how_many: int = 1) -> list[Event]:
    return [
        Event(type="transfer.applied", operation_id=new_id(), client=client, data={"n": n})
        for n in range(how_many)
    ]


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    made = create_engine(database)
    yield made
    await made.dispose()


async def clients(engine: AsyncEngine, after: int = 0) -> list[tuple[int, str]]:
    await number(engine)
    found = await read(engine, {}, after, ALL, 10_000)
    return [(one.sequence, one.client) for one in found.events]


async def test_what_commits_later_is_not_skipped(database: str, engine: AsyncEngine) -> None:
    """The first writer draws its row first and commits last."""
    first, second = await connect(database), await connect(database)
    late = first.transaction()
    await late.start()
    await add(first, some("late"), utc_now())
    async with second.transaction():
        await add(second, some("early"), utc_now())
    assert await clients(engine) == [(1, "early")]
    await late.commit()
    assert await clients(engine, after=1) == [(2, "late")]
    await first.close()
    await second.close()


async def test_what_is_rolled_back_leaves_no_gap(database: str, engine: AsyncEngine) -> None:
    connection = await connect(database)
    lost = connection.transaction()
    await lost.start()
    await add(connection, some("lost", 3), utc_now())
    await lost.rollback()
    await add(connection, some("kept"), utc_now())
    assert await clients(engine) == [(1, "kept")]
    await connection.close()


async def _write(connection: Connection, name: str, rows: int) -> None:
    rng = seeded("event order", name)
    for n in range(rows):
        async with connection.transaction():
            await add(connection, some(f"{name}:{n}", rng.randint(1, 4)), utc_now())
            await asyncio.sleep(
                rng.random() / 100
            )  # rows are drawn in another order than committed


async def test_readers_beside_racing_writers_skip_and_repeat_nothing(
    database: str, engine: AsyncEngine
) -> None:
    sessions = [await connect(database) for _ in range(6)]
    writing = asyncio.gather(*(_write(one, str(n), 60) for n, one in enumerate(sessions)))

    async def follow() -> list[tuple[int, str]]:
        seen: list[tuple[int, str]] = []
        for _ in count():
            is_last = writing.done()
            await number(engine)
            found = await read(engine, {}, len(seen), ALL, 50)
            seen += [(one.sequence, one.id) for one in found.events]
            if is_last and not found.events:
                return seen
        raise AssertionError("unreachable")

    one, other = await asyncio.gather(follow(), follow())
    await writing
    assert one == other
    assert [sequence for sequence, _ in one] == list(range(1, len(one) + 1))
    assert len({id_ for _, id_ in one}) == len(one)
    assert (await position(engine)).last_sequence == len(one)
    written = await sessions[0].fetchval("SELECT sum(event_count) FROM event_batches")
    assert written == len(one)
    for session in sessions:
        await session.close()
