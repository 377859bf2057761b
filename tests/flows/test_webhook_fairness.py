"""However many hang and however much waits, another endpoint gets its events within 2 s."""

import asyncio
import resource
from collections import Counter
from uuid import UUID

import httpx

from payments.deliveries.deliver import PLACES, PLACES_MAX, Deliverer, places_of
from payments.deliveries.writes import Due
from payments.endpoints.destination import Resolver
from payments.kernel.ids import new_id
from tests.fixtures.platform import Platform
from tests.fixtures.receiving import Receiver, endpoint, receiving, until
from tests.flows.native import opened

WAITING = 100_000
FILL = """
    INSERT INTO webhook_deliveries (id, endpoint_id, event_id, type, body, status, attempt_count,
                                    attempts, next_attempt_at, created_at)
    SELECT gen_random_uuid(), e.id, 'evt_' || n, 'wallet.opened', repeat('x', 500), 'pending', 0,
           '[]', now(), now()
      FROM webhook_endpoints AS e, generate_series(1, $2::int) AS n
     WHERE e.url = $1
"""
PLAN = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "


async def test_one_that_hangs_delays_no_other(
    native: httpx.AsyncClient, receiver: Receiver, deliverer: Deliverer, platform: Platform
) -> None:
    over = asyncio.Event()

    async def hang(_: asyncio.StreamWriter) -> None:
        await over.wait()

    async with receiving() as hanging:
        hanging.answer = hang
        await endpoint(native, hanging.url, "wallet.*")
        await endpoint(native, receiver.url, "wallet.*")
        async with platform.connection() as connection:
            await connection.execute(FILL, hanging.url, WAITING)
            await connection.execute("ANALYZE webhook_deliveries")
        await until(hanging, PLACES)
        before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(3):
            began = asyncio.get_running_loop().time()
            count = len(receiver.requests)
            await opened(native)
            await until(receiver, count + 1)
            assert asyncio.get_running_loop().time() - began < 2.0
        assert len(deliverer._sending) <= 2 * PLACES
        grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib
        assert grown_kib < 30_000  # a tenth of what waits, at most
        assert await buffers(platform) < 50
        async with platform.connection() as connection:
            await connection.execute("UPDATE webhook_endpoints SET is_enabled = false")
        over.set()


async def buffers(platform: Platform) -> int:
    """Pages that looking for what is due reads."""
    query = (
        "SELECT e.id FROM webhook_endpoints AS e WHERE e.is_enabled AND EXISTS (SELECT FROM"
        " webhook_deliveries AS d WHERE d.endpoint_id = e.id AND d.next_attempt_at <= now())"
    )
    async with platform.connection() as connection:
        plan = await connection.fetchval(PLAN + query)
    text = httpx.Response(200, text=plan).json()[0]["Plan"]
    read: int = text["Shared Hit Blocks"] + text["Shared Read Blocks"]
    return read


def due(count: int, *, is_failing: bool = False) -> list[Due]:
    return [Due(new_id(), is_failing) for _ in range(count)]


def test_one_alone_has_eight_places_and_two_while_it_fails() -> None:
    assert list(places_of(due(1), {}).values()) == [PLACES]
    assert list(places_of(due(1, is_failing=True), {}).values()) == [2]


def test_whoever_has_none_under_way_gets_one() -> None:
    waiting = due(1000)
    busy = Counter({one.endpoint_id: 1 for one in waiting[:PLACES_MAX]})
    places = places_of(waiting, busy)
    assert set(places) == {one.endpoint_id for one in waiting[PLACES_MAX:]}
    assert set(places.values()) == {1}


def test_those_that_fail_share_half() -> None:
    failing, working = due(500, is_failing=True), due(1)
    busy: Counter[UUID] = Counter({one.endpoint_id: 1 for one in failing[:100]})
    places = places_of([*failing, *working], busy)
    assert places[working[0].endpoint_id] == PLACES
    assert sum(n for id_, n in places.items() if id_ in busy) <= PLACES_MAX // 2


async def test_a_name_server_that_does_not_answer_holds_up_no_other_host() -> None:
    answered = asyncio.Event()
    loop = asyncio.get_running_loop()
    asked: list[str] = []

    def ask(host: str, _port: int) -> list[str]:
        asked.append(host)
        if host.startswith("dead"):
            asyncio.run_coroutine_threadsafe(answered.wait(), loop).result()
        return ["192.0.2.1"]

    look_up = Resolver(ask)
    waiting = [asyncio.create_task(look_up(f"dead{n % 10}.example", 443)) for n in range(200)]
    await asyncio.sleep(0)
    assert await asyncio.wait_for(look_up("good.example", 443), 1) == ["192.0.2.1"]
    assert len(asked) <= 11  # one look-up a host, however many ask
    answered.set()
    assert await asyncio.gather(*waiting) == [["192.0.2.1"]] * 200
