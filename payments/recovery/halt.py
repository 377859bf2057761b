"""Whether effects wait: while a partition is stopped, and until the recovery after it is closed."""

import asyncio
from typing import Final

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.recovery.tables import recoveries
from streams.tables import stream_partitions
from streams.tasks import end

_LOOK_EVERY_S: Final = 0.5
_log = structlog.get_logger(__name__)


async def are_effects_halted(engine: AsyncEngine) -> bool:
    """As the database says it now."""
    is_open = sa.exists().where(recoveries.c.closed_at.is_(None))
    is_stopped = sa.exists().where(stream_partitions.c.halted_reason.is_not(None))
    async with engine.connect() as connection:
        return bool((await connection.execute(sa.select(sa.or_(is_open, is_stopped)))).scalar_one())


class Halt:
    """The same for the executor, asked again and again; on until it is known to be off."""

    def __init__(self, engine: AsyncEngine) -> None:
        """`engine` of the primary."""
        self._engine = engine
        self._task: asyncio.Task[None] | None = None
        self.is_on = True

    async def start(self) -> None:
        """Look once, then keep looking."""
        await self._look()
        self._task = asyncio.create_task(self._watch(), name="halt")

    async def stop(self) -> None:
        """Stop looking."""
        await end(self._task)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            await self._look()

    async def _look(self) -> None:
        try:
            is_on = await are_effects_halted(self._engine)
        except Exception as error:  # noqa: BLE001 - the database is away: nothing is known, so it stays as it was
            _log.warning("halt_unknown", error=repr(error)[:200])
            return
        if is_on != self.is_on:
            _log.warning("effects_halted" if is_on else "effects_go_on")
        self.is_on = is_on
