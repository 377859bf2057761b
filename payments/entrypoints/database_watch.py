"""Metrics about PostgreSQL sessions that block others: lock waits and old snapshots."""

import asyncio
from typing import Final

import sqlalchemy as sa
import structlog
from prometheus_client import Gauge
from sqlalchemy.ext.asyncio import AsyncEngine

from streams.tasks import end

BLOCKED: Final = Gauge("payments_sessions_blocked", "Sessions that wait for a lock")
BLOCKED_S: Final = Gauge(
    "payments_session_blocked_oldest_seconds", "How long the oldest of them has waited"
)
SNAPSHOT_S: Final = Gauge(
    "payments_oldest_snapshot_seconds",
    "Age of the oldest transaction: dead versions of rows are kept for it",
)
_LOOK_EVERY_S: Final = 10.0
_SESSIONS: Final = sa.text("""
SELECT
  count(*) FILTER (WHERE wait_event_type = 'Lock'),
  coalesce(max(extract(epoch FROM now() - query_start)) FILTER (WHERE wait_event_type = 'Lock'), 0),
  greatest(
    max(extract(epoch FROM now() - xact_start))
      FILTER (WHERE backend_xmin IS NOT NULL OR backend_xid IS NOT NULL),
    (SELECT max(extract(epoch FROM now() - prepared)) FROM pg_prepared_xacts
     WHERE database = current_database()),
    0)
FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
""")
"""Needs pg_read_all_stats to see the sessions of other users."""
_log = structlog.get_logger(__name__)


class DatabaseWatch:
    """Updates the metrics at intervals."""

    def __init__(self, engine: AsyncEngine) -> None:
        """`engine`: the primary."""
        self._engine = engine
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the background task."""
        self._task = asyncio.create_task(self._watch(), name="database-watch")

    async def stop(self) -> None:
        await end(self._task)

    async def look(self) -> None:
        """Set the metrics."""
        async with self._engine.connect() as connection:
            blocked, blocked_s, snapshot_s = (await connection.execute(_SESSIONS)).one()
        BLOCKED.set(blocked)
        BLOCKED_S.set(float(blocked_s))
        SNAPSHOT_S.set(float(snapshot_s))

    async def _watch(self) -> None:
        while True:
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001 - the database is away: readiness says that
                _log.warning("sessions_not_looked_at", error=repr(error)[:200])
            await asyncio.sleep(_LOOK_EVERY_S)
