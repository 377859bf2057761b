"""The sessions on which a consumer works, each on one batch at a time (ADR 0101).

Commits and everything after them happen in the order in which batches were started.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from streams.entry import Entry
from streams.finishing import Step
from streams.turns import Turn

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]

APPLY_TIMEOUT_S: Final = 30.0
_LOOK_EVERY_S: Final = 0.25

Handler = Callable[["Connection", list[Entry], Turn], Awaitable[list[Step]]]
"""Commits a batch in its turn, then returns the steps that finish it.

An entry in no step stays pending: it is delivered again to the next owner of the partition.
"""
Put = Callable[[Sequence[Step]], Awaitable[None]]


class SessionLostError(Exception):
    """A PostgreSQL session is gone, and ownership with it."""


class Lanes:
    """Runs batches; they may overlap. A failure of one ends them all."""

    def __init__(
        self,
        sessions: "Sequence[Connection]",
        handler: Handler,
        put: Put,
        closing: Callable[[], None] = lambda: None,
    ) -> None:
        """`put` queues the steps of a committed batch; `closing`: see `Turn`."""
        self._sessions = sessions
        self._handler = handler
        self._put = put
        self._closing = closing
        self._running: dict[int, asyncio.Task[None]] = {}
        self._started_at: dict[int, float] = {}
        self._last: Turn | None = None

    @property
    def is_busy(self) -> bool:
        """True while a batch is under way."""
        self.check()
        return bool(self._running)

    async def start(self, batch: list[Entry], *, shift: int = 0) -> None:
        """Start a batch on a free session; returns when it is loaded, or done.

        `shift`: see `Turn`.
        """
        while len(self._running) == len(self._sessions):
            await self.wait()
        lane = next(n for n in range(len(self._sessions)) if n not in self._running)
        turn = self._last = Turn(self._last, self._closing, shift=shift)
        self._started_at[lane] = asyncio.get_running_loop().time()
        self._running[lane] = asyncio.create_task(self._run(lane, batch, turn), name=f"lane {lane}")
        loaded = asyncio.ensure_future(turn.is_loaded.wait())
        try:
            while not loaded.done():
                await self.wait(loaded)
        finally:
            loaded.cancel()

    async def _run(self, lane: int, batch: list[Entry], turn: Turn) -> None:
        steps = await self._handler(self._sessions[lane], batch, turn)
        await turn.before_ended()
        # Acknowledging overlaps with the next batch, which is safe: these entries are committed.
        await self._put(steps)
        turn.end()

    async def idle(self) -> None:
        """Wait until no batch is under way."""
        while self.is_busy:
            await self.wait()

    async def wait(self, *others: "asyncio.Future[Any]") -> None:
        """Wait until a batch is done, or one of the others; raises what ended a batch.

        asyncpg's COPY waits for ever when its session is killed during a write, and no termination
        listener is called (seen with 0.32: 3,279 accepted intents waited until the consumer was
        restarted). Therefore the sessions are polled.
        """
        waiting: set[asyncio.Future[Any]] = {*self._running.values(), *others}
        if waiting:
            await asyncio.wait(waiting, timeout=_LOOK_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
        self.check()

    def check(self) -> None:
        """Forget batches that are done. Raises what ended one, or `SessionLostError`."""
        for lane, task in list(self._running.items()):
            if task.done():
                del self._running[lane]
                task.result()
        now = asyncio.get_running_loop().time()
        for lane in self._running:
            if now > self._started_at[lane] + APPLY_TIMEOUT_S:
                raise SessionLostError("the batch took too long")
        if any(session.is_closed() for session in self._sessions):
            raise SessionLostError("a session ended")

    async def keep_alive(self) -> None:
        """Use the idle sessions: the server ends those that are silent."""
        for lane, session in enumerate(self._sessions):
            if lane not in self._running:
                await session.execute("SELECT")

    def cancel(self) -> None:
        """Leave everything that is under way; nothing of it is committed any more by us."""
        for task in self._running.values():
            task.cancel()
            task.add_done_callback(_forget_failure)


def _forget_failure(task: "asyncio.Task[None]") -> None:
    """The result of a cancelled batch does not matter: its session is terminated."""
    if not task.cancelled():
        task.exception()
