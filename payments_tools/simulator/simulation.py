"""The running simulator: its parts, and the loop that fires timers and sends callbacks."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import httpx
from litestar import Litestar, Request
from litestar.datastructures import State

from payments_tools.simulator.callbacks import (
    BATCH,
    Callback,
    due_callbacks,
    next_due,
    note_attempt,
    send,
)
from payments_tools.simulator.config import SimulatorConfig
from payments_tools.simulator.connections import Connections
from payments_tools.simulator.lifecycle import Lifecycle
from payments_tools.simulator.store import Store

_LOG: Final = logging.getLogger(__name__)

SimRequest = Request[Any, Any, State]


class Simulation:
    """Everything one simulator owns."""

    def __init__(self, config: SimulatorConfig) -> None:
        self.config = config
        self.store = Store(config.data_dir)
        self.lifecycle = Lifecycle(config, self.store)
        self.connections: Connections = {}
        self.wake = asyncio.Event()
        self.loop: asyncio.Task[None] | None = None
        self._in_flight: dict[int, asyncio.Task[None]] = {}
        self.traces: dict[int, str] = {}
        """W3C trace contexts by merchant id, passed on to callbacks; forgotten at the end."""

    async def run(self, client: httpx.AsyncClient) -> None:
        """Fire due timers and send due callbacks; sleep until the next one or until woken."""
        while True:
            self.wake.clear()
            self.lifecycle.fire_timers()
            free = BATCH - len(self._in_flight)
            for callback in due_callbacks(self.store, self.lifecycle.now(), self._in_flight)[:free]:
                task = asyncio.create_task(self._send(client, callback))
                self._in_flight[callback.seq] = task
            with suppress(TimeoutError):
                await asyncio.wait_for(self.wake.wait(), self._wait_s())

    def _wait_s(self) -> float | None:
        moments = [self.store.next_timer()]
        if len(self._in_flight) < BATCH:  # else the end of a send wakes the loop
            moments.append(next_due(self.store, self._in_flight))
        due = [moment for moment in moments if moment is not None]
        return max(0.0, min(due) - self.lifecycle.now()) if due else None

    async def _send(self, client: httpx.AsyncClient, callback: Callback) -> None:
        try:
            trace = self.traces.get(callback.merchant_id, "")
            answer = await send(client, self.config, callback, trace)
            note_attempt(self.store, self.config, callback, answer)
        finally:
            del self._in_flight[callback.seq]
            self.wake.set()

    async def stop_sending(self) -> None:
        """Cancel running attempts; a restart repeats them with the same event id."""
        tasks = list(self._in_flight.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def running(app: Litestar) -> AsyncIterator[None]:
    """Litestar's lifespan: the loop runs while the server does."""
    simulation: Simulation = app.state.simulation
    client = httpx.AsyncClient(
        timeout=simulation.config.callback_timeout_s, follow_redirects=False, trust_env=False
    )
    loop = simulation.loop = asyncio.create_task(simulation.run(client))
    loop.add_done_callback(_report)
    try:
        yield
    finally:
        loop.cancel()
        with suppress(asyncio.CancelledError):
            await loop
        await simulation.stop_sending()
        await client.aclose()
        simulation.store.close()


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        _LOG.critical("the simulator's loop ended", exc_info=task.exception())


def simulation_of(request: SimRequest) -> Simulation:
    """The simulation this request came to."""
    simulation: Simulation = request.app.state.simulation
    return simulation
