"""`payments bench compare`: throughput and latency against batch size, hot share and table size.

Every point is the median of a few rounds in which this ledger and the baseline take turns.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.entrypoints import memory
from payments.kernel.clock import utc_now
from payments.kernel.database import Connection, connect, create_engine
from payments.kernel.randomness import Seeded, seeded
from payments.operations.apply import Applier
from payments.registry import OPERATIONS
from payments_tools.bench import baseline, ledger
from payments_tools.bench.report import Grid, Report, machine, server_settings
from payments_tools.bench.sample import Sample, median

Say = Callable[[str], None]
BATCHES: Final = (1, 10, 100, 1000, 2000)
HOT_PERCENTS: Final = (0, 10, 50, 90, 100)
TABLE_PARTS: Final = (0, 0.125, 0.25, 0.5, 0.75, 1)
BATCH: Final = 1000
_ROUNDS: Final = 3
_FILL_CHUNK: Final = 10_000


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """`transfers` at most for a point, `accounts` they go between, `rows` put in at the end."""

    transfers: int
    accounts: int
    rows: int


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """Both at one value; latencies are those of a whole batch, or of one transfer by itself."""

    x: int
    ours: Sample
    base: Sample


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """One plot."""

    name: str
    title: str
    x_label: str
    is_log_x: bool
    points: list[Point]


class Bench(msgspec.Struct, kw_only=True):
    """The open sessions of both."""

    connection: Connection
    engine: AsyncEngine
    applier: Applier
    ids: Sequence[int]
    rng: Seeded
    size: Size

    async def point(self, x: int, make: Callable[..., ledger.Transfers], batch: int) -> Point:
        """A few rounds of both, in turn."""
        count = max(1, min(self.size.transfers, max(300, batch * 20)) // batch) * batch
        few = max(100, self.size.transfers // 50)
        plain = range(1, self.size.accounts + 1)
        ours: list[Sample] = []
        base: list[Sample] = []
        for _ in range(_ROUNDS):
            base.append(await baseline.run(self.engine, make(plain, few, self.rng)))
            entries = ledger.transfer_entries(make(self.ids, count, self.rng))
            ours.append(await ledger.apply_all(self.connection, self.applier, entries, batch))
        return Point(x=x, ours=median(ours), base=median(base))

    async def fill(self, transfers: int) -> None:
        """That many more in the tables of both."""
        for start in range(0, transfers, _FILL_CHUNK):
            size = min(_FILL_CHUNK, transfers - start)
            entries = ledger.transfer_entries(ledger.uniform(self.ids, size, self.rng))
            await ledger.apply_all(self.connection, self.applier, entries, BATCH)
        if transfers:
            await baseline.fill(self.engine, transfers)


def partly_hot(ids: Sequence[int], count: int, rng: Seeded, *, percent: int) -> ledger.Transfers:
    """Transfers of which `percent` go into or out of one account."""
    plain, hot = ledger.uniform(ids, count, rng), ledger.hot(ids, count, rng)
    return [h if rng.random() * 100 < percent else p for p, h in zip(plain, hot, strict=True)]


async def run(database_url: str, size: Size, say: Say) -> tuple[Report, list[Series]]:
    """All points on one server."""
    connection = await connect(database_url)
    applier = Applier(OPERATIONS, utc_now)
    engine = create_engine(database_url, pool_size=baseline.CONNECTIONS)
    say(f"{size.accounts:,} wallets")
    bench = Bench(
        connection=connection,
        engine=engine,
        applier=applier,
        ids=await ledger.open_wallets(connection, applier, size.accounts, BATCH),
        rng=seeded("bench compare"),
        size=size,
    )
    await baseline.prepare(engine, size.accounts)
    await bench.point(0, ledger.uniform, BATCH)  # warm, not shown
    memory.settle()  # as the consumer does
    series = [await make(bench, say) for make in (_batches, _hot, _tables)]
    settings = await server_settings(connection)
    await engine.dispose()
    await connection.close()
    report = Report(
        title="compare: this ledger and row at a time",
        command=f"payments bench compare --transfers {size.transfers} "
        f"--accounts {size.accounts} --rows {size.rows}",
        machine=machine(),
        settings=settings,
        figures=[],
        grids=[grid(s) for s in series],
        extra={"series": msgspec.to_builtins(series)},
    )
    return report, series


async def _batches(bench: Bench, say: Say) -> Series:
    points = []
    for batch in BATCHES:
        say(f"batches of {batch}")
        points.append(await bench.point(batch, ledger.uniform, batch))
    return Series(
        name="batch-size",
        title="Batch size (uniform accounts)",
        x_label="transfers in a batch",
        is_log_x=True,
        points=points,
    )


async def _hot(bench: Bench, say: Say) -> Series:
    points = []
    for percent in HOT_PERCENTS:
        say(f"{percent} % of the transfers over one account")
        points.append(await bench.point(percent, partial(partly_hot, percent=percent), BATCH))
    return Series(
        name="hot-share",
        title=f"Hot share (batches of {BATCH})",
        x_label="% of transfers over one account",
        is_log_x=False,
        points=points,
    )


async def _tables(bench: Bench, say: Say) -> Series:
    """Counted from here: what the points before left is in the tables too."""
    points, filled = [], 0
    for part in TABLE_PARTS:
        wanted = int(bench.size.rows * part)
        say(f"{wanted:,} transfers more in the tables")
        await bench.fill(wanted - filled)
        filled = wanted
        points.append(await bench.point(wanted, ledger.uniform, BATCH))
    return Series(
        name="table-size",
        title=f"Table size (uniform accounts, batches of {BATCH})",
        x_label="transfers put into the tables",
        is_log_x=False,
        points=points,
    )


def grid(series: Series) -> Grid:
    """The points as a table."""
    return Grid(
        title=series.title,
        columns=(
            series.x_label,
            "this ledger /s",
            "row at a time /s",
            "ratio",
            "batch p50 ms",
            "batch p99 ms",
            "row p50 ms",
            "row p99 ms",
        ),
        rows=[
            (
                f"{p.x:,}",
                f"{p.ours.per_second:,.0f}",
                f"{p.base.per_second:,.0f}",
                f"{p.ours.per_second / p.base.per_second:.1f} x",
                *(f"{v:.1f}" for v in (p.ours.p50_ms, p.ours.p99_ms, p.base.p50_ms, p.base.p99_ms)),
            )
            for p in series.points
        ],
    )
