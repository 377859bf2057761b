"""Who may apply a partition: an advisory lock on the very PostgreSQL session that writes.

A consumer that is cut off or paused loses the session and with it both the lock and the ability to
commit: no fencing number needs to be checked. Live consumers share the partitions evenly and take a
dead one's within seconds.
"""

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncpg

LOCK_CLASS: Final = 7203
ALIVE_S: Final = 5
DEAD_S: Final = 24 * 3600
"""Silent this long, a consumer will not come back under its name."""
SESSION_SETTINGS: Final = {
    "application_name": "payments-consumer",
    # A consumer that stops talking (paused, half-open network) is cut off by the server, and its
    # locks are free.
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
        """`name` tells live consumers apart in the heartbeat table."""
        self._connection = connection
        self._name = name
        self.owned: set[int] = set()

    async def forget_dead(self) -> None:
        """Names of consumers that were killed stay in the table: each restart would add a row."""
        await self._connection.execute(
            "DELETE FROM stream_consumers WHERE seen_at < now() - make_interval(secs => $1)", DEAD_S
        )

    async def beat(self) -> tuple[int, int]:
        """Say that we live; returns (live consumers, partitions in all)."""
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
            raise AssertionError("a SELECT of two counts gives a row")
        return int(row[0]) + 1, int(row[1])

    async def share(self) -> tuple[list[int], int]:
        """Try to own our fair share; returns what was gained, and how many we own too many."""
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
        """Let another have it. Nothing read from it may be unfinished."""
        self.owned.discard(partition)
        await self._connection.execute("SELECT pg_advisory_unlock($1, $2)", LOCK_CLASS, partition)

    async def leave(self) -> None:
        """A clean stop: others need not wait for the heartbeat to age."""
        await self._connection.execute("DELETE FROM stream_consumers WHERE name = $1", self._name)


async def ensure_partitions(connection: "asyncpg.Connection[asyncpg.Record]", count: int) -> int:
    """Fix the number of partitions at first start; later starts get the stored number."""
    await connection.execute(
        "INSERT INTO stream_partitions (partition) SELECT g FROM generate_series(0, $1 - 1) AS g "
        "WHERE NOT EXISTS (SELECT 1 FROM stream_partitions) ON CONFLICT DO NOTHING",
        count,
    )
    return int(await connection.fetchval("SELECT count(*) FROM stream_partitions") or 0)
