"""Who has locked what entries wait for: named in the log, once for each session (ADR 0220).

A row lock does not say whose it is. So a session of its own waits for it a moment, and another
asks PostgreSQL by whom that one is blocked.
"""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from typing import Final

import asyncpg
import structlog

from payments.kernel.clock import monotonic_s
from payments.kernel.database import Connection
from payments.kernel.sql import load_sql
from payments.operations.needs import Need
from payments.operations.record import Ref
from payments.operations.record_sql import LOCK, pg_type

AFTER_S: Final = 1.0
"""Nobody asks about a lock that ends sooner."""
_LOOK_EVERY_S: Final = 1.0
_WAIT_S: Final = 1.0
_POLL_S: Final = 0.02
_BLOCKING: Final = load_sql(__file__, "blocking_sessions")
_ACCOUNT: Final = f"SELECT FROM accounts WHERE id = $1{LOCK}"
_COMMANDS: Final = frozenset(
    {
        "SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "LOCK", "ALTER", "CREATE",
        "DROP", "TRUNCATE", "REINDEX", "CLUSTER", "VACUUM", "REFRESH",
    }
)  # fmt: skip
_log = structlog.get_logger(__name__)

Connect = Callable[[], Awaitable[Connection]]


class Blockers:
    """Looks, beside the batches, at who has what they need; one look at a time."""

    def __init__(self, connect: Connect | None = None) -> None:
        """Without `connect` it only keeps the time."""
        self._connect = connect
        self._since_s: dict[Need, float] = {}
        self._explained: set[Need] = set()
        self._named: set[tuple[int, datetime | None]] = set()
        self._look_at_s = 0.0
        self._looking: asyncio.Task[None] | None = None

    def watch(self, locked: Collection[Need]) -> None:
        """What is locked at this moment; called again and again while something is."""
        now_s = monotonic_s()
        self._since_s = {need: self._since_s.get(need, now_s) for need in locked}
        self._explained.intersection_update(locked)
        if not locked:
            self._named.clear()
        if self._connect is None or now_s < self._look_at_s or self.is_looking:
            return
        for need, since_s in self._since_s.items():
            if need not in self._explained and now_s - since_s >= AFTER_S:
                self._look_at_s = now_s + _LOOK_EVERY_S
                looking = self._look(self._connect, need)
                self._looking = asyncio.create_task(looking, name="blockers")
                return

    @property
    def is_looking(self) -> bool:
        """True while sessions are open for a look."""
        return self._looking is not None and not self._looking.done()

    async def _look(self, connect: Connect, need: Need) -> None:
        try:
            rows = await _blocking(connect, need)
        except Exception as error:  # noqa: BLE001 - it is only for the log: payments wait in any case
            _log.warning("blocking_session_not_found", error=repr(error)[:200])
            return
        if rows:
            self._explained.add(need)
        for row in rows:
            session = (row["pid"], row["since"])
            if session not in self._named:
                self._named.add(session)
                _name(row, need, waiting_s=monotonic_s() - self._since_s.get(need, monotonic_s()))


def _name(row: asyncpg.Record, need: Need, *, waiting_s: float) -> None:
    _log.warning(
        "set_aside_behind_a_session",
        needs=_in_words(need),
        waiting_s=round(waiting_s, 1),
        blocking_pid=row["pid"],
        username=row["username"],
        application=row["application"],
        state=row["state"],
        since=None if row["since"] is None else row["since"].isoformat(),
        command=command_of(row["statement"]),
        advice=f"SELECT pg_terminate_backend({row['pid']})"
        if row["pid"]
        else "a prepared transaction: see pg_prepared_xacts",
    )


def command_of(statement: str | None) -> str | None:
    """The first word of a statement, if it is a command of SQL. The rest may hold secrets."""
    word = re.match(r"\s*([A-Za-z]+)\b", statement or "")
    command = "" if word is None else word[1].upper()
    return command if command in _COMMANDS else None


async def _blocking(connect: Connect, need: Need) -> list[asyncpg.Record]:
    """The sessions that a session which needs it is blocked by; none when nothing is locked."""
    waiter, asker = await connect(), None
    try:
        asker = await connect()
        waiting = asyncio.ensure_future(_wait_for(waiter, need))
        try:
            return await _asked(asker, waiter.get_server_pid(), waiting)
        finally:
            waiting.cancel()
            await asyncio.wait({waiting})
    finally:
        for connection in (waiter, asker):
            if connection is not None:
                connection.terminate()


async def _asked(
    asker: Connection, waiter_pid: int, waiting: "asyncio.Future[None]"
) -> list[asyncpg.Record]:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_WAIT_S):
            while not waiting.done():
                rows: list[asyncpg.Record] = await asker.fetch(_BLOCKING, waiter_pid)
                if rows:
                    return rows
                await asyncio.sleep(_POLL_S)
    return []


async def _wait_for(connection: Connection, need: Need) -> None:
    """Wait for the lock. It is given back at once, for the statement is a transaction."""
    await connection.execute("SET lock_timeout = '2s'")
    if isinstance(need, Ref):
        table, by = need.type.table, need.normal().by
        query = f"SELECT FROM {table.name} WHERE {by} = $1::{pg_type(table, by)}{LOCK}"
        await connection.execute(query, need.value)
    elif isinstance(need, int):
        await connection.execute(_ACCOUNT, need)
    else:
        await connection.execute(f"SELECT FROM {need.table.name} LIMIT 0{LOCK}")


def _in_words(need: Need) -> str:
    if isinstance(need, Ref):
        return f"{need.type.table.name}.{need.normal().by} {need.value}"
    return f"account {need}" if isinstance(need, int) else f"table {need.table.name}"
