"""What events cost: the apply path with and without them in pairs, and a reader that catches up."""

from typing import Final

import httpx
import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.embedded.servers import Servers
from payments.entrypoints import memory
from payments.entrypoints.consumer import TELLER
from payments.events.queries import position, read
from payments.events.types import matcher
from payments.events.writes import number
from payments.kernel.clock import monotonic_s, utc_now
from payments.kernel.database import connect, create_engine
from payments.kernel.randomness import seeded
from payments.operations.apply import Applier
from payments.registry import OPERATIONS, PACKINGS
from payments_tools.bench import pairs
from payments_tools.bench.http import api_key
from payments_tools.bench.ledger import Say, apply_all, open_wallets
from payments_tools.bench.report import Figure, Report, machine, server_settings
from payments_tools.bench.roles import roles
from payments_tools.bench.sample import Sample, sample
from streams.entry import Entry

_PAGE: Final = 1000
Read = tuple[int, float]
"""How many events, and how long it took."""


class _Page(msgspec.Struct):
    items: list[msgspec.Raw]
    last_sequence: int


_page: Final = msgspec.json.Decoder(_Page).decode


async def run(servers: Servers, *, transfers: int, accounts: int, batch: int, say: Say) -> Report:
    """Batches with events and without take turns, so that both meet the same machine."""
    rng, database_url = seeded("bench events"), servers.database_url
    connection, engine = await connect(database_url), create_engine(database_url, pool_size=2)
    say(f"opening {accounts:,} wallets")
    with_events, without = Applier(OPERATIONS, utc_now, TELLER), Applier(OPERATIONS, utc_now)
    ids = await open_wallets(connection, with_events, accounts, batch)
    memory.settle()

    async def told(entries: list[Entry]) -> Sample:
        return await apply_all(connection, with_events, entries, batch)

    async def silent(entries: list[Entry]) -> Sample:
        return await apply_all(connection, without, entries, batch)

    measured = await pairs.measure((told, silent), ids, transfers, batch, rng)
    say("a reader from the beginning")
    inside = await catch_up(engine)
    say("the same over HTTP")
    outside = await catch_up_over_http(servers)
    if inside[0] != outside[0]:
        raise AssertionError(f"{inside[0]} events in the table, {outside[0]} over HTTP")
    settings = await server_settings(connection)
    await engine.dispose()
    await connection.close()
    return Report(
        title="events: what they cost",
        command=f"payments bench events --transfers {transfers} --accounts {accounts}",
        machine=machine(),
        settings=settings,
        figures=[
            *pairs.figures(measured, "events"),
            _reading("read from the beginning", "without HTTP", inside),
            _reading("GET /v1/events from the beginning", "over HTTP", outside),
        ],
    )


async def catch_up(engine: AsyncEngine) -> Read:
    """Read all events in pages, as a reader does that was away."""
    began, after, count = monotonic_s(), 0, 0
    await number(engine)
    last = (await position(engine)).last_sequence
    while after < last:
        page = await read(engine, PACKINGS, after, matcher(()), _PAGE)
        after, count = page.through, count + len(page.events)
    return count, monotonic_s() - began


async def catch_up_over_http(servers: Servers) -> Read:
    """The same by one client of the API on one connection, which reads each page as JSON."""
    headers = {"Authorization": f"Bearer {await api_key(servers.database_url)}"}
    async with (
        roles(servers, ("api",), {}) as (port, _),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as http,
    ):
        began, after, count = monotonic_s(), 0, 0
        while True:
            answer = await http.get("/v1/events", params={"after": after, "limit": _PAGE})
            page = _page(answer.raise_for_status().content)
            after, count = page.last_sequence, count + len(page.items)
            if len(page.items) < _PAGE:
                return count, monotonic_s() - began


def _reading(name: str, how: str, done: Read) -> Figure:
    count, taken_s = done
    one = sample(count, taken_s, [taken_s])
    return Figure(
        name=name,
        per_second=one.per_second,
        ratio=1,
        p50_ms=one.p50_ms,
        p99_ms=one.p99_ms,
        note=f"{count:,} events in pages of {_PAGE}, one reader, {how}; time of all",
    )
