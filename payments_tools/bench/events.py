"""What events cost: the apply path with and without them in pairs, and a reader that catches up."""

import statistics
from collections.abc import Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from payments.entrypoints import memory
from payments.entrypoints.consumer import TELLER
from payments.events.queries import position, read
from payments.events.types import matcher
from payments.events.writes import number
from payments.kernel.clock import monotonic_s, utc_now
from payments.kernel.database import connect, create_engine
from payments.kernel.randomness import seeded
from payments.operations.apply import Applier
from payments.registry import OPERATIONS
from payments_tools.bench.ledger import Say, apply_all, open_wallets, transfer_entries, uniform
from payments_tools.bench.report import Figure, Report, machine, server_settings
from payments_tools.bench.sample import Sample, sample

_PAGE: Final = 1000


async def run(database_url: str, *, transfers: int, accounts: int, batch: int, say: Say) -> Report:
    """Batches with events and without take turns, so that both meet the same machine."""
    rng = seeded("bench events")
    connection, engine = await connect(database_url), create_engine(database_url, pool_size=2)
    with_events, without = Applier(OPERATIONS, utc_now, TELLER), Applier(OPERATIONS, utc_now)
    say(f"opening {accounts:,} wallets")
    ids = await open_wallets(connection, with_events, accounts, batch)
    memory.settle()
    pairs: list[tuple[Sample, Sample]] = []
    for turn in range(max(1, transfers // batch)):
        order = (with_events, without) if turn % 2 else (without, with_events)
        done = {}
        for applier in order:
            entries = transfer_entries(uniform(ids, batch, rng))
            done[applier] = await apply_all(connection, applier, entries, batch)
        pairs.append((done[with_events], done[without]))
    say("a reader from the beginning")
    count, taken_s = await catch_up(engine)
    settings = await server_settings(connection)
    await engine.dispose()
    await connection.close()
    return Report(
        title="events: what they cost",
        command=f"payments bench events --transfers {transfers} --accounts {accounts}",
        machine=machine(),
        settings=settings,
        figures=_figures(pairs, sample(count, taken_s, [taken_s])),
    )


async def catch_up(engine: AsyncEngine) -> tuple[int, float]:
    """Read all events in pages, as a reader does that was away; how many, and how long it took."""
    began, after, count = monotonic_s(), 0, 0
    await number(engine)
    last = (await position(engine)).last_sequence
    while after < last:
        page = await read(engine, after, matcher(()), _PAGE)
        after, count = page.through, count + len(page.events)
    return count, monotonic_s() - began


def _figures(pairs: Sequence[tuple[Sample, Sample]], read_all: Sample) -> list[Figure]:
    ratio = statistics.median(told.per_second / silent.per_second for told, silent in pairs)
    names = ("applied with events", "applied without events")
    figures = [
        Figure(
            name=name,
            per_second=statistics.median(pair[n].per_second for pair in pairs),
            ratio=ratio if n == 0 else 1,
            p50_ms=statistics.median(pair[n].p50_ms for pair in pairs),
            p99_ms=max(pair[n].p99_ms for pair in pairs),
            note="median of pairs of batches; times of a batch",
        )
        for n, name in enumerate(names)
    ]
    return [
        *figures,
        Figure(
            name="read from the beginning",
            per_second=read_all.per_second,
            ratio=1,
            p50_ms=read_all.p50_ms,
            p99_ms=read_all.p99_ms,
            note=f"pages of {_PAGE}, one reader, without HTTP; time of all",
        ),
    ]
