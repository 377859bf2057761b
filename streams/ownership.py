"""Ownership of a partition is an advisory lock on each PostgreSQL session that writes.

A consumer that is cut off or paused loses a session and with it both the lock and the ability to
commit, so no fencing token is needed. A partition is taken over only when all sessions of the one
that had it are gone. Live consumers share the partitions evenly and take over those of a dead one
within seconds.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncpg

LOCK_CLASS: Final = 7203
"""The lock of a consumer's first session; 0.1.0 has only that one."""
_CLASSES_APART: Final = 10
APART_CLASS: Final = LOCK_CLASS - _CLASSES_APART
"""Held by a transaction that runs beside the lanes, for as long as it lasts (ADR 0221). Classes
above are the lanes', however many there are.
"""
ALIVE_S: Final = 5
DEAD_S: Final = 24 * 3600
"""A consumer silent for this long will not come back under its name."""
SESSION_SETTINGS: Final = {
    "application_name": "payments-consumer",
    # A consumer that stops communicating (paused, half-open network) is cut off by the server,
    # which frees its locks.
    "idle_session_timeout": "8s",
    "idle_in_transaction_session_timeout": "8s",
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "client_connection_check_interval": "2s",
    "tcp_keepalives_idle": "4",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "2",
    "synchronous_commit": "on",
}


_END_APART: Final = (
    "SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_locks WHERE granted"
    " AND locktype = 'advisory' AND classid = $1::int::oid AND objid = $2::int::oid AND database ="
    " (SELECT oid FROM pg_database WHERE datname = current_database())) AS ended"
)
_HAVE: Final = (
    "SELECT count(*) FROM unnest($1::int[], $2::int[]) AS s (class, pid) JOIN pg_locks AS l"
    " ON l.granted AND l.locktype = 'advisory' AND l.classid = s.class::oid AND l.pid = s.pid"
    " AND l.objid = $3::int::oid AND l.database ="
    " (SELECT oid FROM pg_database WHERE datname = current_database())"
)


class NotOwnedError(ConnectionError):
    """A partition is not ours any more, as when a session is lost: nothing may be committed."""


class Ownership:
    """The partitions that the sessions of one consumer own together."""

    def __init__(
        self,
        sessions: "Sequence[asyncpg.Connection[asyncpg.Record]]",
        control: "asyncpg.Connection[asyncpg.Record]",
        name: str,
    ) -> None:
        """`sessions` write; `control` does not, so that it may be used at any time.

        `name` identifies the consumer in the heartbeat table.
        """
        self._sessions = sessions
        self._connection = control
        self._name = name
        self.owned: set[int] = set()

    async def forget_dead(self) -> None:
        """Delete names of killed consumers: every restart would otherwise leave a row."""
        await self._connection.execute(
            "DELETE FROM stream_consumers WHERE seen_at < now() - make_interval(secs => $1)", DEAD_S
        )

    async def beat(self) -> tuple[int, int]:
        """Write a heartbeat; returns (live consumers, number of partitions)."""
        row = await self._connection.fetchrow(
            "WITH beat AS (INSERT INTO stream_consumers (name, seen_at) VALUES ($1, now()) "
            "ON CONFLICT (name) DO UPDATE SET seen_at = now()) "
            "SELECT (SELECT count(*) FROM stream_consumers "
            "WHERE name <> $1 AND seen_at > now() - make_interval(secs => $2)), "
            "(SELECT count(*) FROM stream_partitions)",
            self._name,
            ALIVE_S,
        )
        if row is None:
            raise AssertionError("a SELECT of two counts returns a row")
        return int(row[0]) + 1, int(row[1])

    async def excess(self) -> int:
        """How many partitions we own more than our fair share; negative: how many are missing."""
        live, count = await self.beat()
        return len(self.owned) - math.ceil(count / live)

    async def gain(self, missing: int) -> list[int]:
        """Try to own so many more; no session may be in a transaction."""
        gained: list[int] = []
        for partition in await self._all():
            if len(gained) >= missing:
                break
            if partition not in self.owned and await self._try(partition):
                self.owned.add(partition)
                gained.append(partition)
        return gained

    async def is_any_free(self) -> bool:
        """True when a partition that we do not own may be had."""
        free = await self._connection.fetchval(
            "SELECT EXISTS (SELECT FROM stream_partitions AS p WHERE p.partition <> ALL($1::int[])"
            " AND NOT EXISTS (SELECT FROM pg_locks AS l WHERE l.locktype = 'advisory'"
            " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            " AND l.classid = $2::int::oid AND l.objid = p.partition::oid))",
            list(self.owned),
            LOCK_CLASS,
        )
        return bool(free)

    async def _all(self) -> list[int]:
        rows = await self._connection.fetch(
            "SELECT partition FROM stream_partitions ORDER BY partition"
        )
        return [row[0] for row in rows]

    async def _try(self, partition: int) -> bool:
        """Lock it on every session, or on none."""
        for number, session in enumerate(self._sessions):
            class_ = LOCK_CLASS + number * _CLASSES_APART
            if not await session.fetchval("SELECT pg_try_advisory_lock($1, $2)", class_, partition):
                await self._unlock(partition, number)
                return False
        # Whoever had it before may have a transaction under way beside its lanes. With our locks in
        # place it can begin no further one.
        if await self._sessions[0].fetchval(_END_APART, APART_CLASS, partition):
            await self._unlock(partition, len(self._sessions))
            return False
        return True

    async def fence(self, connection: "asyncpg.Connection[asyncpg.Record]", partition: int) -> None:
        """In a transaction of a further session of ours: nobody owns the partition before it ends.

        First its own lock, then a look at ours: a new owner locks ours first, then looks at this
        one. Raises `NotOwnedError`.
        """
        is_locked = await connection.fetchval(
            "SELECT pg_try_advisory_xact_lock($1, $2)", APART_CLASS, partition
        )
        classes = [LOCK_CLASS + n * _CLASSES_APART for n in range(len(self._sessions))]
        pids = [session.get_server_pid() for session in self._sessions]
        if not is_locked or await connection.fetchval(_HAVE, classes, pids, partition) != len(pids):
            raise NotOwnedError(f"partition {partition} is not ours any more")

    async def _unlock(self, partition: int, count: int) -> None:
        for number in reversed(range(count)):
            class_ = LOCK_CLASS + number * _CLASSES_APART
            await self._sessions[number].execute(
                "SELECT pg_advisory_unlock($1, $2)", class_, partition
            )

    async def release(self, partition: int) -> None:
        """Give a partition up. Nothing read from it may be unfinished, no session in use."""
        self.owned.discard(partition)
        await self._unlock(partition, len(self._sessions))

    async def leave(self) -> None:
        """After a clean stop others need not wait for the heartbeat to expire."""
        await self._connection.execute("DELETE FROM stream_consumers WHERE name = $1", self._name)


async def ensure_partitions(connection: "asyncpg.Connection[asyncpg.Record]", count: int) -> int:
    """Fix the number of partitions at the first start; later starts get the stored number."""
    await connection.execute(
        "INSERT INTO stream_partitions (partition) SELECT g FROM generate_series(0, $1 - 1) AS g "
        "WHERE NOT EXISTS (SELECT 1 FROM stream_partitions) ON CONFLICT DO NOTHING",
        count,
    )
    return int(await connection.fetchval("SELECT count(*) FROM stream_partitions") or 0)
