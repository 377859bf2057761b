"""`payments bench growth`: do the figures stay when millions of operations are in the tables?

Half of the operations that fill the tables have time-ordered ids (UUIDv7), half have ids derived
from a caller's key, which fall anywhere in the index; the rate of each is shown on the way.
"""

from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Final

import msgspec

from payments.embedded.servers import Servers
from payments.entrypoints import memory
from payments.entrypoints.bench import baseline, http, ledger
from payments.entrypoints.bench.report import Figure, Grid, Report, machine, server_settings
from payments.entrypoints.bench.sample import Sample, median
from payments.kernel.clock import monotonic_s, utc_now
from payments.kernel.database import Connection, connect, create_engine
from payments.kernel.ids import OperationId, derived_id, new_id
from payments.kernel.randomness import Seeded, seeded
from payments.operations.apply import Applier
from payments.registry import OPERATIONS

Say = Callable[[str], None]
BATCH: Final = 1000
STEP: Final = 500_000
_CHUNK: Final = 10_000
_TELL_EVERY_S: Final = 5.0
_ROUNDS: Final = 5
ROUND: Final = 10_000
_CONTROL: Final = 500
_HTTP_SECONDS: Final = 6.0


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """How much to put into the tables, and what each figure is measured with."""

    operations: int
    accounts: int
    is_http: bool = False
    step: int = STEP
    round: int = ROUND


class Plant(msgspec.Struct, kw_only=True):
    """The open session and what the transfers are made of."""

    connection: Connection
    applier: Applier
    ids: range
    rng: Seeded
    derived: Callable[[], OperationId]
    applied: int = 0

    async def apply(
        self, make: Callable[..., ledger.Transfers], size: int, make_id: ledger.MakeId
    ) -> Sample:
        """Apply `size` transfers; making them is not in the time."""
        entries = ledger.transfer_entries(make(self.ids, size, self.rng), make_id)
        self.applied += size
        return await ledger.apply_all(self.connection, self.applier, entries, BATCH)


async def run(servers: Servers, size: Size, say: Say) -> Report:
    """The figures, the filling, the figures again."""
    connection = await connect(servers.database_url)
    say(f"{size.accounts:,} wallets")
    plant = Plant(
        connection=connection,
        applier=Applier(OPERATIONS, utc_now),
        ids=await _make_wallets(connection, size.accounts),
        rng=seeded("bench growth"),
        derived=partial(_derived, count(1)),
    )
    key = await http.api_key(servers.database_url)
    memory.settle()  # as the consumer does
    say("figures before")
    before = await _figures(servers, plant, size, key)
    steps = await _fill(plant, size, say)
    say("figures after")
    after = await _figures(servers, plant, size, key)
    rows = await connection.fetchval("SELECT count(*) FROM operations")
    settings = await server_settings(connection)
    await connection.close()
    return Report(
        title=f"growth: {rows:,} operations over {size.accounts:,} wallets",
        command=f"payments bench growth --operations {size.operations} --accounts {size.accounts}"
        + " --http" * size.is_http,
        machine=machine(),
        settings=settings,
        figures=after,
        grids=[_changes(before, after), _steps_grid(steps)],
    )


def _derived(numbers: "count[int]") -> OperationId:
    return derived_id("key", "bench", str(next(numbers)))


async def _make_wallets(connection: Connection, accounts: int) -> range:
    """As if opened long ago: opening a million one by one would be the growth to be measured."""
    first, last = await connection.fetchrow(_WALLETS, accounts, ledger.PLENTY_MINOR) or (0, 0)
    await connection.execute("VACUUM ANALYZE accounts, wallets")
    return range(first, last + 1)


_WALLETS: Final = """
    WITH numbers AS MATERIALIZED (
        SELECT nextval('wallet_numbers') AS id FROM generate_series(1, $1::int)
    ), made AS (
        INSERT INTO wallets (id, currency, owner, created_by, metadata, created_at)
        SELECT id, 'RUB', 'bench', 'bench', '{}', now() FROM numbers
    ), opened AS (
        INSERT INTO accounts (id, code, currency, guard, credits_posted)
        SELECT id, 'wallet:' || id, 'RUB', 1, $2::bigint FROM numbers
    )
    SELECT min(id), max(id) FROM numbers
"""


async def _figures(servers: Servers, plant: Plant, size: Size, key: str) -> list[Figure]:
    """Each one the median of a few rounds, taken in turn."""
    kinds: dict[str, tuple[Callable[..., ledger.Transfers], ledger.MakeId]] = {
        "apply, uniform, UUIDv7 ids": (ledger.uniform, new_id),
        "apply, uniform, derived ids": (ledger.uniform, plant.derived),
        "apply, one hot account, UUIDv7 ids": (ledger.hot, new_id),
    }
    await plant.apply(ledger.uniform, min(size.round, BATCH), new_id)
    rounds = [
        {name: await plant.apply(make, size.round, ids) for name, (make, ids) in kinds.items()}
        for _ in range(_ROUNDS)
    ]
    found = [_figure(name, median([r[name] for r in rounds])) for name in kinds]
    found.append(await _control(servers.database_url, plant.rng))
    if size.is_http:
        found += await _http_figures(servers, plant, key)
    return found


def _figure(name: str, middle: Sample) -> Figure:
    return Figure(
        name=name,
        per_second=middle.per_second,
        p50_ms=middle.p50_ms,
        p99_ms=middle.p99_ms,
        note=f"median of {_ROUNDS} rounds, batches of {BATCH}",
    )


async def _control(database_url: str, rng: Seeded) -> Figure:
    """What does not grow: the row-at-a-time baseline in fresh tables says how the machine feels."""
    engine = create_engine(database_url, pool_size=baseline.CONNECTIONS)
    await baseline.prepare(engine, 10_000)
    await baseline.run(engine, ledger.uniform(range(1, 10_001), 100, rng))
    found = await baseline.run(engine, ledger.uniform(range(1, 10_001), _CONTROL, rng))
    await engine.dispose()
    return Figure(
        name="control: row at a time, fresh tables",
        per_second=found.per_second,
        p50_ms=found.p50_ms,
        p99_ms=found.p99_ms,
        note="changes with the machine only",
    )


async def _http_figures(servers: Servers, plant: Plant, key: str) -> list[Figure]:
    ids = plant.rng.sample(plant.ids, 2000)
    async with http.target(servers, _HTTP_SECONDS) as running:
        measured = [await running.measure(way) for way in http.transfer_ways(ids, key)]
        resident = running.memory_mb()
    note = ", ".join(f"{name} {mb:.0f} MB" for name, mb in resident.items())
    figures = [m.figure(None) for m in measured]
    return [*figures[:-1], msgspec.structs.replace(figures[-1], note=note)]


async def _fill(plant: Plant, size: Size, say: Say) -> list[tuple[int, float, float]]:
    """Rates on the way: after how many operations, with UUIDv7 ids, with derived ids."""
    steps: list[tuple[int, float, float]] = []
    started = plant.applied
    while (left := size.operations - (plant.applied - started)) > 0:
        half = max(1, min(size.step, left) // 2)
        timed = await _fill_part(plant, half, new_id, say)
        derived = await _fill_part(plant, half, plant.derived, say)
        steps.append((plant.applied, timed, derived))
        say(
            f"[bold]{plant.applied:,} operations: {timed:,.0f}/s with UUIDv7 ids, "
            f"{derived:,.0f}/s with derived ids[/bold]"
        )
    return steps


async def _fill_part(plant: Plant, size: int, make_id: ledger.MakeId, say: Say) -> float:
    done, seconds, told_at_s = 0, 0.0, monotonic_s()
    while done < size:
        chunk = min(_CHUNK, size - done)
        seconds += chunk / (await plant.apply(ledger.uniform, chunk, make_id)).per_second
        done += chunk
        if monotonic_s() - told_at_s > _TELL_EVERY_S:
            told_at_s = monotonic_s()
            say(f"{plant.applied:,} operations, {done / seconds:,.0f}/s")
    return size / seconds


def _changes(before: list[Figure], after: list[Figure]) -> Grid:
    return Grid(
        title="before and after",
        columns=("what", "before /s", "after /s", "change", "p99 ms before", "p99 ms after"),
        rows=[
            (
                a.name,
                f"{b.per_second:,.0f}",
                f"{a.per_second:,.0f}",
                f"{(a.per_second / b.per_second - 1) * 100:+.1f} %",
                f"{b.p99_ms or 0:.1f}",
                f"{a.p99_ms or 0:.1f}",
            )
            for b, a in zip(before, after, strict=True)
        ],
    )


def _steps_grid(steps: list[tuple[int, float, float]]) -> Grid:
    return Grid(
        title="while filling",
        columns=("operations in the tables", "UUIDv7 ids /s", "derived ids /s"),
        rows=[(f"{n:,}", f"{timed:,.0f}", f"{derived:,.0f}") for n, timed, derived in steps],
    )
