"""Where lists and history are read: from a read replica while it keeps up, else from the primary.

The lag is measured with the primary's own log positions, without comparing clocks: the primary's
position is noted every half second, and the oldest one not replayed yet says how old the replica's
state is.
"""

import asyncio
from collections import deque
from typing import Final

import sqlalchemy as sa
import structlog
from prometheus_client import Gauge
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.kernel.clock import monotonic_s
from streams.tasks import end

_LOOK_EVERY_S: Final = 0.5
_LOOK_TIMEOUT_S: Final = 2.0
_CATCH_UP_S: Final = 0.5
_CATCH_UP_LOOK_S: Final = 0.01
_PRIMARY_AT: Final = sa.text("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")
_REPLICA_AT: Final = sa.text("SELECT pg_last_wal_replay_lsn() - '0/0'::pg_lsn")
LAG: Final = Gauge("payments_replica_lag_seconds", "How old what the read replica shows is")
IN_USE: Final = Gauge("payments_replica_in_use", "1 while lists are read from the replica")
_log = structlog.get_logger(__name__)


class ReadEngine:
    """Chooses where to read; answers may be up to `lag_max_s` old.

    Never use it for a decision about money or for a read that must see one.
    """

    def __init__(self, primary: AsyncEngine, replica: AsyncEngine | None, lag_max_s: float) -> None:
        """Without a replica everything is read from the primary."""
        self._primary = primary
        self._replica = replica
        self._lag_max_s = lag_max_s
        self._noted: deque[tuple[float, int]] = deque()
        self._is_fit = False
        self._task: asyncio.Task[None] | None = None

    @property
    def engine(self) -> AsyncEngine:
        """The engine to read from now."""
        return self._replica if self._replica is not None and self._is_fit else self._primary

    async def has_caught_up(self) -> bool:
        """True when `engine` shows everything the primary has committed; waits up to half a second.

        False if it does not, or when one of the two servers does not answer.
        """
        if self._replica is None or not self._is_fit:
            return True
        try:
            async with asyncio.timeout(_CATCH_UP_S):
                committed = await _position(self._primary, _PRIMARY_AT)
                while await _position(self._replica, _REPLICA_AT) < committed:  # noqa: ASYNC110 - another server's state
                    await asyncio.sleep(_CATCH_UP_LOOK_S)
        except Exception as error:  # noqa: BLE001 - the list is answered all the same, and says that it may be old
            _log.info("replica_behind", error=repr(error)[:200])
            return False
        return True

    async def start(self) -> None:
        """Start measuring the lag."""
        if self._replica is not None:
            await self._look()
            self._task = asyncio.create_task(self._watch(), name="replica")

    async def stop(self) -> None:
        """Stop measuring and close the replica's engine."""
        await end(self._task)
        if self._replica is not None:
            await self._replica.dispose()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            await self._look()

    async def _look(self) -> None:
        try:
            async with asyncio.timeout(_LOOK_TIMEOUT_S):
                lag_s = await self._lag_s()
        except Exception as error:  # noqa: BLE001 - whatever it is, the primary can still be read
            _log.warning("replica_unreadable", error=repr(error)[:200])
            lag_s = float("inf")
        is_fit = lag_s <= self._lag_max_s
        if is_fit != self._is_fit:
            _log.warning("replica_changed", in_use=is_fit, lag=lag_s)
        self._is_fit = is_fit
        LAG.set(lag_s)
        IN_USE.set(is_fit)

    async def _lag_s(self) -> float:
        if self._replica is None:
            raise AssertionError("the lag is measured only with a replica")
        before = monotonic_s()
        self._noted.append((before, await _position(self._primary, _PRIMARY_AT)))
        replayed = await _position(self._replica, _REPLICA_AT)
        while self._noted and self._noted[0][1] <= replayed:
            self._noted.popleft()
        return monotonic_s() - self._noted[0][0] if self._noted else 0.0


async def _position(engine: AsyncEngine, query: sa.TextClause) -> int:
    async with engine.connect() as connection:
        position = (await connection.execute(query)).scalar_one()
    if position is None:
        raise LookupError("this server is not a replica")
    return int(position)
