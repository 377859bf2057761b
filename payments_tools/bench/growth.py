"""`payments bench growth`: the figures with empty tables and with millions of operations in them.

Two databases on one server: one is filled, half with time-ordered ids (UUIDv7), half with ids
derived from a caller's key, which are spread over the index; the other has as many wallets and
nothing else. Both are measured in turn, so that a machine that becomes slower affects both.
"""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import count
from statistics import median
from time import time_ns
from typing import Final

import msgspec

from migrations.run import migrate_async
from payments.embedded.servers import Servers
from payments.entrypoints import memory
from payments.kernel.clock import monotonic_s, utc_now
from payments.kernel.database import Connection, connect, with_database
from payments.kernel.ids import OperationId, derived_id, new_id
from payments.kernel.randomness import Seeded, seeded
from payments.operations.apply import Applier
from payments.registry import OPERATIONS
from payments_tools.bench import http, ledger, ways
from payments_tools.bench.report import Figure, Grid, Report, machine, server_settings
from payments_tools.bench.rounds import rounds
from payments_tools.bench.sample import Sample

Say = Callable[[str], None]
BATCH: Final = 1000
STEP: Final = 500_000
ROUND: Final = 10_000
FRESH: Final = "fresh"
_CHUNK: Final = 10_000
_TELL_EVERY_S: Final = 5.0
_ROUNDS: Final = 15
_WARM_ROUNDS: Final = 3
"""Rounds that do not count: the fresh tables' first pages, and what the fill left to write."""
_HTTP_ROUNDS: Final = 5
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

    database_url: str
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


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """One figure, from the fresh tables and from the grown ones, round by round."""

    name: str
    fresh: list[Sample]
    grown: list[Sample]

    def figure(self) -> Figure:
        """The grown tables' median; the ratio is to the fresh ones of the same rounds."""
        return Figure(
            name=self.name,
            per_second=_rate(self.grown),
            ratio=_rate(self.grown) / _rate(self.fresh),
            p50_ms=median(s.p50_ms for s in self.grown),
            p99_ms=median(s.p99_ms for s in self.grown),
            note=f"median of {len(self.grown)} rounds",
        )

    def row(self) -> tuple[str, ...]:
        """The same as text, both sides."""
        changes = sorted(
            g.per_second / f.per_second - 1 for f, g in zip(self.fresh, self.grown, strict=True)
        )
        middle = changes[len(changes) // 4], changes[len(changes) * 3 // 4]
        return (
            self.name,
            f"{_rate(self.fresh):,.0f}",
            f"{_rate(self.grown):,.0f}",
            f"{(_rate(self.grown) / _rate(self.fresh) - 1) * 100:+.1f} %",
            " to ".join(f"{c * 100:+.0f}" for c in middle) + " %",
            f"{median(s.p99_ms for s in self.fresh):.1f}",
            f"{median(s.p99_ms for s in self.grown):.1f}",
        )


def _rate(samples: list[Sample]) -> float:
    return median(s.per_second for s in samples)


async def run(servers: Servers, size: Size, say: Say) -> Report:
    """Fill the one, then the figures of both in turn."""
    say(f"{size.accounts:,} wallets, twice")
    grown = await _plant(servers.database_url, size.accounts)
    await grown.connection.execute(f"CREATE DATABASE {FRESH}")
    fresh_url = with_database(servers.database_url, FRESH)
    await migrate_async(fresh_url)
    memory.settle()  # as the consumer does
    steps = await _fill(grown, size, say)
    fresh = await _plant(fresh_url, size.accounts)
    say("the figures, from fresh and grown tables in turn")
    pairs = await _in_turn(fresh, grown, size, say)
    if size.is_http:
        pairs += await _http_in_turn(servers, fresh, grown, say)
    rows = await grown.connection.fetchval("SELECT count(*) FROM operations")
    settings = await server_settings(grown.connection)
    await fresh.connection.close()
    await grown.connection.close()
    return Report(
        title=f"growth: {rows:,} operations over {size.accounts:,} wallets",
        command=f"payments bench growth --operations {size.operations} --accounts {size.accounts}"
        + " --http" * size.is_http,
        machine=machine(),
        settings=settings,
        figures=[pair.figure() for pair in pairs],
        grids=[_changes(pairs), _steps_grid(steps)],
    )


async def _plant(database_url: str, accounts: int) -> Plant:
    connection = await connect(database_url)
    return Plant(
        database_url=database_url,
        connection=connection,
        applier=Applier(OPERATIONS, utc_now),
        ids=await _make_wallets(connection, accounts),
        rng=seeded("bench growth"),
        derived=partial(_derived, count(time_ns())),
    )


def _derived(numbers: "count[int]") -> OperationId:
    return derived_id("key", "bench", str(next(numbers)))


async def _make_wallets(connection: Connection, accounts: int) -> range:
    """Insert wallets directly: opening a million by operations would fill the tables to compare."""
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


async def _in_turn(fresh: Plant, grown: Plant, size: Size, say: Say) -> list[Pair]:
    """Both sides of every figure within a second or two of each other; who begins alternates."""
    makers: Mapping[str, Callable[[Plant], tuple[Callable[..., ledger.Transfers], ledger.MakeId]]]
    makers = {
        "apply, uniform, UUIDv7 ids": lambda _: (ledger.uniform, new_id),
        "apply, uniform, derived ids": lambda plant: (ledger.uniform, plant.derived),
        "apply, one hot account, UUIDv7 ids": lambda _: (ledger.hot, new_id),
    }
    pairs = [Pair(name=name, fresh=[], grown=[]) for name in makers]
    for plants, is_measured in rounds((fresh, grown), _ROUNDS, _WARM_ROUNDS, say):
        for pair, maker in zip(pairs, makers.values(), strict=True):
            for plant in plants:
                make, make_id = maker(plant)
                measured = await plant.apply(make, size.round, make_id)
                if is_measured:
                    (pair.fresh if plant is fresh else pair.grown).append(measured)
    return pairs


async def _http_in_turn(servers: Servers, fresh: Plant, grown: Plant, say: Say) -> list[Pair]:
    """The roles are started anew for each side: they know one database."""
    pairs: dict[str, Pair] = {}
    keys = {p.database_url: await http.api_key(p.database_url) for p in (fresh, grown)}
    for turn in range(_HTTP_ROUNDS):
        for plant in (fresh, grown) if turn % 2 else (grown, fresh):
            say(f"HTTP, {'fresh' if plant is fresh else 'grown'} tables")
            ids = plant.rng.sample(plant.ids, 2000)
            listed = ways.transfer_ways(ids, keys[plant.database_url])
            async with http.target(servers, _HTTP_SECONDS, plant.database_url) as running:
                for way in listed:
                    figure = (await running.measure(way)).figure(None)
                    pair = pairs.setdefault(way.name, Pair(name=way.name, fresh=[], grown=[]))
                    samples = pair.fresh if plant is fresh else pair.grown
                    samples.append(
                        Sample(
                            per_second=figure.per_second,
                            p50_ms=figure.p50_ms or 0,
                            p99_ms=figure.p99_ms or 0,
                        )
                    )
    return list(pairs.values())


async def _fill(plant: Plant, size: Size, say: Say) -> list[tuple[int, float, float]]:
    """Rates on the way: after how many operations, with UUIDv7 ids, with derived ids."""
    steps: list[tuple[int, float, float]] = []
    while (left := size.operations - plant.applied) > 0:
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


def _changes(pairs: list[Pair]) -> Grid:
    return Grid(
        title="fresh tables and grown ones, in turn",
        columns=(
            "what", "fresh /s", "grown /s", "change", "half of the rounds", "p99 ms fresh",
            "p99 ms grown",
        ),
        rows=[pair.row() for pair in pairs],
    )  # fmt: skip


def _steps_grid(steps: list[tuple[int, float, float]]) -> Grid:
    return Grid(
        title="while filling",
        columns=("operations in the tables", "UUIDv7 ids /s", "derived ids /s"),
        rows=[(f"{n:,}", f"{timed:,.0f}", f"{derived:,.0f}") for n, timed, derived in steps],
    )
