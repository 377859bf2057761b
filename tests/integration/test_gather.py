"""Lookups gathered into one query: shared, fresh, and alive after a session was dropped."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

import pytest

from payments.kernel.database import Connection, connect
from payments.kernel.errors import Unavailable
from payments.reads.gather import Gathered


class Squares:
    """A query that notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []

    async def __call__(self, connection: Connection, keys: Sequence[int]) -> Mapping[int, int]:
        """Squares of the positive ones."""
        self.asked.append(list(keys))
        rows = await connection.fetch(
            "SELECT k, k * k FROM unnest($1::bigint[]) AS k WHERE k > 0", list(keys)
        )
        return {row[0]: row[1] for row in rows}


@pytest.fixture
def squares() -> Squares:
    return Squares()


@pytest.fixture
async def lookups(postgres_server: str, squares: Squares) -> AsyncIterator[Gathered[int, int]]:
    gathered = Gathered(postgres_server, squares, "test-gather")
    await gathered.start()
    yield gathered
    await gathered.stop()


async def test_what_is_asked_at_once_is_one_query(
    lookups: Gathered[int, int], squares: Squares
) -> None:
    found = await asyncio.gather(*(lookups.find(n % 50) for n in range(200)))
    assert found == [n * n if n else None for n in range(50)] * 4
    assert squares.asked == [list(range(50))]
    await asyncio.gather(*(lookups.find(n) for n in range(1, 1201)))
    assert [len(keys) for keys in squares.asked[1:]] == [500, 500, 200]


async def test_what_is_asked_later_is_asked_again(
    lookups: Gathered[int, int], squares: Squares
) -> None:
    assert await lookups.find(3) == 9
    assert await lookups.find(3) == 9
    assert squares.asked == [[3], [3]]


async def test_a_dropped_session_is_replaced(
    lookups: Gathered[int, int], postgres_server: str
) -> None:
    assert await lookups.find(3) == 9
    connection = await connect(postgres_server)
    await connection.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE application_name = 'test-gather'"
    )
    await connection.close()
    assert await lookups.find(4) == 16


async def test_without_a_database_nothing_is_known(squares: Squares) -> None:
    lookups = Gathered("postgresql://nobody@127.0.0.1:1/none", squares, "test-nowhere")
    await lookups.start()
    with pytest.raises(Unavailable):
        await lookups.find(1)
    await lookups.stop()


async def test_a_mistake_in_the_query_reaches_who_asked_and_nobody_after(
    postgres_server: str,
) -> None:
    async def broken(_connection: Connection, keys: Sequence[int]) -> Mapping[int, int]:
        if 1 in keys:
            raise KeyError(1)
        return {key: key for key in keys}

    lookups = Gathered(postgres_server, broken, "test-broken")
    await lookups.start()
    with pytest.raises(KeyError):
        await lookups.find(1)
    assert await lookups.find(2) == 2
    await lookups.stop()


async def test_a_caller_that_goes_away_takes_nobody_along(lookups: Gathered[int, int]) -> None:
    leaving = asyncio.create_task(lookups.find(5))
    staying = asyncio.create_task(lookups.find(5))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == 25
