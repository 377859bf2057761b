"""The limit: PostgreSQL alone, fed the rows of a run as ready-made binary COPY over two sessions.

The rows are read back from where our ledger wrote them and go into a copy of the database as it was
before. Copies run beside each other, the update of the accounts and the commit in order.
"""

import io
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from payments.events.tables import event_batches
from payments.kernel.clock import monotonic_s
from payments.kernel.database import Connection, connect, with_database
from payments.kernel.packing import bigints
from payments.kernel.sql import load_sql
from payments.ledger import balances as ledger_balances
from payments.ledger.tables import entries
from payments.operations.tables import operations, transaction_traits
from payments.transfers.tables import transfer_transactions
from payments_tools.bench.sample import Sample, sample
from streams.entry import Entry
from streams.finishing import Step
from streams.lanes import Lanes
from streams.turns import Turn

DATABASE: Final = "limit_of_the_bench"
_TABLES: Final[Sequence[tuple[sa.Table, str]]] = (
    (operations, "decided_at"),
    (transaction_traits, "created_at"),
    (transfer_transactions, "created_at"),
    (entries, "recorded_at"),
)
_EVENTS: Final = ("written_at", "event_count", "events")
_MOVED: Final = """
    SELECT account_id, max(seq), sum(greatest(-amount, 0))::bigint, sum(greatest(amount, 0))::bigint
      FROM entries WHERE recorded_at = $1 GROUP BY account_id ORDER BY account_id
"""


class Rows(msgspec.Struct, frozen=True):
    """What one batch wrote: binary COPY by table, and the arguments of the hot UPDATE."""

    copies: Sequence[tuple[str, Sequence[str], bytes]]
    counters: tuple[Any, ...]
    events: bytes


async def copy_database(database_url: str) -> str:
    """A copy of the database as it is; nobody may be connected to it. Returns its address."""
    connection = await connect(database_url)
    name = await connection.fetchval("SELECT current_database()")
    await connection.close()
    connection = await connect(with_database(database_url, "postgres"))
    await connection.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
    await connection.execute(f'CREATE DATABASE {DATABASE} TEMPLATE "{name}"')
    await connection.close()
    return with_database(database_url, DATABASE)


async def rows_since(connection: Connection, since: datetime, before: Connection) -> list[Rows]:
    """The rows of each batch decided after a time; `before`: a session on the copy."""
    counters = {
        row[0]: (row[1], row[2])
        for row in await before.fetch("SELECT id, debits_posted, credits_posted FROM accounts")
    }
    times = await connection.fetch(
        "SELECT DISTINCT decided_at FROM operations WHERE decided_at > $1 ORDER BY 1", since
    )
    return [await _rows_of(connection, row[0], counters) for row in times]


async def _rows_of(
    connection: Connection, at: datetime, counters: dict[int, tuple[int, int]]
) -> Rows:
    copies = []
    for table, column in _TABLES:
        names = [c.name for c in table.columns]
        query = f"SELECT {', '.join(names)} FROM {table.name} WHERE {column} = $1"  # noqa: S608 - our own names
        copies.append((table.name, names, await _copied(connection, query, at)))
    query = f"SELECT {', '.join(_EVENTS)} FROM {event_batches.name} WHERE written_at = $1"  # noqa: S608 - the same
    return Rows(
        copies, await _counters(connection, at, counters), await _copied(connection, query, at)
    )


async def _counters(
    connection: Connection, at: datetime, counters: dict[int, tuple[int, int]]
) -> tuple[Any, ...]:
    moved = await connection.fetch(_MOVED, at)
    for account_id, _, debits, credits_ in moved:
        had = counters[account_id]
        counters[account_id] = (had[0] + debits, had[1] + credits_)
    ids = [row[0] for row in moved]
    nothing = [0] * len(ids)
    columns = (
        ids,
        [counters[i][0] for i in ids],
        [counters[i][1] for i in ids],
        nothing,
        nothing,
        [row[1] for row in moved],
    )
    who_wrote_them = "{" + ",".join(["NULL"] * len(ids)) + "}"  # is not compared
    return (*(bigints(column) for column in columns), who_wrote_them, at)


async def _copied(connection: Connection, query: str, at: datetime) -> bytes:
    out = io.BytesIO()
    await connection.copy_from_query(query, at, output=out, format="binary")
    return out.getvalue()


async def measure(sessions: Sequence[Connection], batches: Sequence[Rows], each: int) -> Sample:
    """Write them all, in order, on these sessions; `each` transfers a batch."""
    update = load_sql(ledger_balances.__file__, "update_accounts")
    latencies_s: list[float] = []

    async def write(connection: Connection, part: list[Entry], turn: Turn) -> list[Step]:
        rows, began = batches[part[0].partition], monotonic_s()
        async with connection.transaction():
            turn.decided()
            for table, columns, data in rows.copies:
                await _copy(connection, table, columns, data)
            await turn.to_commit()
            await connection.execute(update, *rows.counters)
            await _copy(connection, event_batches.name, _EVENTS, rows.events)
        turn.committed()
        latencies_s.append(monotonic_s() - began)
        return []

    async def nothing(_steps: Sequence[Step]) -> None:
        pass

    lanes = Lanes(sessions, write, nothing)
    began = monotonic_s()
    for number in range(len(batches)):
        await lanes.start([Entry(number, "0-0", b"")])
    await lanes.idle()
    return sample(each * len(batches), monotonic_s() - began, latencies_s)


async def _copy(connection: Connection, table: str, columns: Sequence[str], data: bytes) -> None:
    async def whole() -> AsyncIterator[bytes]:
        yield data

    await connection.copy_to_table(table, columns=columns, source=whole(), format="binary")
