"""Writes down attempts; those that end while a statement is under way share the next."""

import asyncio
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from payments.deliveries.writes import Attempt, record


class Recorder:
    """One a deliverer."""

    def __init__(self, engine: AsyncEngine) -> None:
        """`engine` is the primary's."""
        self._engine = engine
        self._waiting: list[tuple[Attempt, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def add(self, attempt: Attempt) -> None:
        """Returns when it is written. Raises what went wrong with the statement."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((attempt, written))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write(), name="webhook attempts")
        await written

    async def _write(self) -> None:
        while self._waiting:
            batch = self._take()
            error: Exception | None = None
            try:
                await record(self._engine, [attempt for attempt, _ in batch])
            except Exception as raised:  # noqa: BLE001 - each of them is told, else it would wait for ever
                error = raised
            for _, written in batch:
                if written.done():
                    continue  # whoever waited is gone
                if error is None:
                    written.set_result(None)
                else:
                    written.set_exception(error)

    def _take(self) -> list[tuple[Attempt, "asyncio.Future[None]"]]:
        """What waits; of a delivery that was sent twice the second attempt stays for the next."""
        taken: dict[UUID, tuple[Attempt, asyncio.Future[None]]] = {}
        left = []
        for one in self._waiting:
            if one[0].delivery_id in taken:
                left.append(one)
            else:
                taken[one[0].delivery_id] = one
        self._waiting = left
        return list(taken.values())
