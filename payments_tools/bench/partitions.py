"""`payments bench partitions`: `entries` and `operations` as one table, by hash and by time.

All layouts hold the same rows and get the same batches in turn, so that a machine that becomes
slower affects all. Triggers are off in every layout: they cost the same in each.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any, Final

import msgspec

from payments.kernel.clock import monotonic_s, utc_now
from payments.kernel.database import Connection, connect
from payments_tools.bench.partition_rows import (
    EntryRows,
    OperationRows,
    Reads,
    Rows,
    fill_entries,
    fill_operations,
)
from payments_tools.bench.report import Figure, Grid, Report, machine, server_settings
from payments_tools.bench.rounds import rounds
from payments_tools.bench.sample import Sample, percentile, sample

Say = Callable[[str], None]
MONTHS: Final = 24
_HASHES: Final = 16
_BATCH: Final = 1000
_BATCHES_A_ROUND: Final = 10
_READS_A_ROUND: Final = 100
_WARM_ROUNDS: Final = 2


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """How many rows and accounts, and how often each layout has its turn."""

    table: str
    rows: int
    accounts: int
    rounds: int = 12
    script: Path | None = None


class Layout(msgspec.Struct, kw_only=True):
    """One way to store the rows, and what was measured on it."""

    name: str
    table: str
    inserts: list[Sample] = []
    wal_per_row: list[float] = []
    reads: dict[str, list[float]] = {}


async def run(database_url: str, size: Size, say: Say) -> Report:
    """Fill the product's own table, copy it into the other layouts, measure all in turn."""
    connection = await connect(database_url, command_timeout_s=None)
    await connection.execute("SET session_replication_role = replica")  # no triggers
    rows: Rows
    if size.table == "entries":
        say(f"{size.rows:,} entries of {size.accounts:,} accounts")
        began = utc_now() - timedelta(days=30 * MONTHS)
        await fill_entries(connection, size.rows, size.accounts, began)
        layouts = await _entries_layouts(connection, began, say)
        rows = EntryRows(size.rows, size.accounts, began)
    else:
        say(f"{size.rows:,} operations, every second one with a derived id")
        rows = OperationRows(await fill_operations(connection, size.rows))
        layouts = await _operations_layouts(connection, say)
    await connection.execute("CHECKPOINT")
    for order, is_measured in rounds(layouts, size.rounds, _WARM_ROUNDS, say):
        await _round(connection, order, rows, is_measured=is_measured)
    grids = [_reads_grid(layouts), await _sizes_grid(connection, layouts)]
    if size.script is not None:
        grids.append(await _converted(connection, size.script, rows, say))
    settings = await server_settings(connection)
    await connection.close()
    return Report(
        title=f"partitions: {size.rows:,} rows of {size.table}",
        command=f"payments bench partitions --table {size.table} --rows {size.rows}",
        machine=machine(),
        settings=settings,
        figures=[_figure(layout, layouts[0]) for layout in layouts],
        grids=grids,
    )


async def _entries_layouts(connection: Connection, began: datetime, say: Say) -> list[Layout]:
    month = timedelta(days=30)
    months = [began + month * number for number in range(1, MONTHS)]
    layouts = [Layout(name="one table", table="entries")]
    for name, table, bounds in (
        (f"by time, {MONTHS} parts", "entries_months", months),
        ("by time, old and new", "entries_two", [utc_now()]),
    ):
        say(name)
        await _parent(connection, table, "entries", "RANGE (recorded_at)")
        edges = ["MINVALUE", *(f"'{bound.isoformat()}'" for bound in bounds), "MAXVALUE"]
        for number in range(len(edges) - 1):
            values = f"FROM ({edges[number]}) TO ({edges[number + 1]})"
            await _part(connection, table, number, values)
        await _copy(connection, "entries", table)
        for number in range(len(edges) - 1):
            await _index(connection, f"{table}_{number}", "account_id, seq", "recorded_at")
        layouts.append(Layout(name=name, table=table))
    layouts.append(await _hashed(connection, "entries", "account_id, seq", "recorded_at", say))
    return layouts


async def _operations_layouts(connection: Connection, say: Say) -> list[Layout]:
    plain = Layout(name="one table", table="operations")
    return [plain, await _hashed(connection, "operations", "id", "decided_at", say)]


async def _hashed(connection: Connection, of: str, key: str, time: str, say: Say) -> Layout:
    column = key.partition(",")[0]
    layout = Layout(name=f"by hash of {column}, {_HASHES} parts", table=f"{of}_hashed")
    say(layout.name)
    table = layout.table
    await _parent(connection, table, of, f"HASH ({column})")
    for number in range(_HASHES):
        values = f"WITH (MODULUS {_HASHES}, REMAINDER {number})"
        await _part(connection, table, number, values)
    await _copy(connection, of, table)
    for number in range(_HASHES):
        await _index(connection, f"{table}_{number}", key, time)
    return layout


async def _parent(connection: Connection, table: str, of: str, by: str) -> None:
    columns = f"LIKE {of} INCLUDING CONSTRAINTS"
    await connection.execute(f"CREATE TABLE {table} ({columns}) PARTITION BY {by}")


async def _part(connection: Connection, table: str, number: int, values: str) -> None:
    await connection.execute(
        f"CREATE TABLE {table}_{number} PARTITION OF {table} FOR VALUES {values}"
    )


async def _copy(connection: Connection, source: str, table: str) -> None:
    await connection.execute(f"INSERT INTO {table} SELECT * FROM {source}")  # noqa: S608 - our own names


async def _index(connection: Connection, table: str, key: str, time: str) -> None:
    """After the fill, for building an index is faster than growing it."""
    await connection.execute(f"ALTER TABLE {table} ADD PRIMARY KEY ({key})")
    await connection.execute(f"CREATE INDEX ON {table} USING brin ({time})")
    await connection.execute(f"ANALYZE {table}")


async def _round(
    connection: Connection, layouts: Sequence[Layout], rows: Rows, *, is_measured: bool
) -> None:
    """Every layout gets the same rows and the same questions."""
    batches = [rows.batch(_BATCH) for _ in range(_BATCHES_A_ROUND)]
    reads = rows.reads(_READS_A_ROUND)
    for layout in layouts:
        inserted, wal = await _insert(connection, layout.table, rows.columns, batches)
        asked = await _read(connection, layout.table, reads)
        if is_measured:
            layout.inserts = [*layout.inserts, inserted]
            layout.wal_per_row = [*layout.wal_per_row, wal]
            layout.reads = {
                name: layout.reads.get(name, []) + durations for name, durations in asked.items()
            }


async def _insert(
    connection: Connection, table: str, columns: Sequence[str], batches: Sequence[list[Any]]
) -> tuple[Sample, float]:
    """One transaction a batch, by COPY as the consumer writes; bytes of WAL a row."""
    before = await _wal(connection)
    durations_s = []
    for batch in batches:
        began = monotonic_s()
        await connection.copy_records_to_table(table, columns=columns, records=batch)
        durations_s.append(monotonic_s() - began)
    count = sum(map(len, batches))
    written = await _wal(connection) - before
    return sample(count, sum(durations_s), durations_s), written / count


async def _wal(connection: Connection) -> int:
    """How many bytes of WAL were ever written."""
    position: int = await connection.fetchval("SELECT pg_current_wal_insert_lsn()")
    return position


async def _read(connection: Connection, table: str, reads: Reads) -> dict[str, list[float]]:
    durations: dict[str, list[float]] = {}
    for name, (query, questions) in reads.items():
        statement = await connection.prepare(re.sub(r"\b(entries|operations)\b", table, query))
        durations[name] = []
        for question in questions:
            began = monotonic_s()
            await statement.fetch(*question)
            durations[name].append(monotonic_s() - began)
    return durations


def _figure(layout: Layout, plain: Layout) -> Figure:
    rate = median(s.per_second for s in layout.inserts)
    return Figure(
        name=f"rows inserted, {layout.name}",
        per_second=rate,
        ratio=rate / median(s.per_second for s in plain.inserts),
        p50_ms=median(s.p50_ms for s in layout.inserts),
        p99_ms=max(s.p99_ms for s in layout.inserts),
        note=f"{median(layout.wal_per_row):,.0f} B of WAL a row",
    )


def _reads_grid(layouts: Sequence[Layout]) -> Grid:
    return Grid(
        title="p50 / p99 of a read, µs",
        columns=("what is read", *(layout.name for layout in layouts)),
        rows=[
            (name, *(_percentiles(layout.reads[name]) for layout in layouts))
            for name in layouts[0].reads
        ],
    )


def _percentiles(durations_s: list[float]) -> str:
    ordered = sorted(durations_s)
    return " / ".join(f"{percentile(ordered, percent) * 1e6:,.0f}" for percent in (50, 99))


async def _sizes_grid(connection: Connection, layouts: Sequence[Layout]) -> Grid:
    rows = []
    for layout in layouts:
        sizes = await connection.fetchrow(_SIZES, layout.table)
        assert sizes is not None
        rows.append((layout.name, *(f"{size / 2**20:,.0f}" for size in sizes)))
    return Grid(
        title="size in MiB", columns=("layout", "heap", "indexes", "largest key"), rows=rows
    )


_SIZES: Final = """
    SELECT sum(pg_relation_size(c.oid))::float8, sum(pg_indexes_size(c.oid))::float8,
           max(pg_relation_size(i.indexrelid))::float8
      FROM pg_class AS c
      LEFT JOIN pg_index AS i ON i.indrelid = c.oid AND i.indisprimary
     WHERE c.relkind = 'r' AND (c.oid = $1::text::regclass
        OR c.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = $1::text::regclass))
"""


async def _converted(connection: Connection, script: Path, rows: Rows, say: Say) -> Grid:
    """The time of each statement of the operator's script on the filled table."""
    say(f"converting by {script.name}")
    boundary = f"'{(utc_now() + timedelta(days=1)).date().isoformat()}'"
    text = (await asyncio.to_thread(script.read_text)).replace(":'boundary'", boundary)
    timed: list[tuple[str, ...]] = []
    for statement in text.split("-- next\n"):
        began = monotonic_s()
        await connection.execute(statement)
        name = next(line for line in statement.splitlines() if line and not line.startswith("--"))
        timed.append((name[:60], f"{(monotonic_s() - began) * 1000:,.1f}"))
    await _insert(connection, "entries", rows.columns, [rows.batch(_BATCH)])
    return Grid(title="converted while it is in use", columns=("statement", "ms"), rows=timed)
