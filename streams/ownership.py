"""Ownership of a partition is an advisory lock on the PostgreSQL session that writes.

A consumer that is cut off or paused loses the session and with it both the lock and the ability to
commit, so no fencing token is needed. Live consumers share the partitions evenly and take over
those of a dead one within seconds.
"""

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncpg

LOCK_CLASS: Final = 7203
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


class Ownership:
    """The partitions one session owns."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]", name: str) -> None:
        """`name` identifies the consumer in the heartbeat table."""
        self._connection = connection
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

    async def share(self) -> tuple[list[int], int]:
        """Try to own a fair share; returns the partitions gained, and how many we own in excess."""
        live, count = await self.beat()
        fair = math.ceil(count / live)
        gained: list[int] = []
        for partition in range(count):
            if len(self.owned) >= fair:
                break
            if partition not in self.owned and await self._try(partition):
                self.owned.add(partition)
                gained.append(partition)
        return gained, max(0, len(self.owned) - fair)

    async def _try(self, partition: int) -> bool:
        return bool(
            await self._connection.fetchval(
                "SELECT pg_try_advisory_lock($1, $2)", LOCK_CLASS, partition
            )
        )

    async def release(self, partition: int) -> None:
        """Give a partition up. Nothing read from it may be unfinished."""
        self.owned.discard(partition)
        await self._connection.execute("SELECT pg_advisory_unlock($1, $2)", LOCK_CLASS, partition)

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
