"""A consumer owns partitions, merges their entries into batches, and acknowledges after the commit.

Up to four batches are under way at a time: some are written, the next is decided (`streams.lanes`).

The order matters: the handler commits → effects and answers are sent → XACK → XDEL. After a crash
before XACK the entry is delivered again and the handler finds its stored outcome; the pending entry
serves as the outbox.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

import structlog

from streams import partitions
from streams.apart import Apart, Work
from streams.commands import Client
from streams.entry import Entry
from streams.errors import FAILURES
from streams.finishing import Finisher, Step, acknowledge
from streams.inbox import Inbox
from streams.lanes import Handler, Lanes
from streams.ownership import Ownership
from streams.reader import Reader
from streams.rollback import halt_rolled_back
from streams.shifts import Contention, NoContention, Shift

if TYPE_CHECKING:
    import asyncpg

BATCH_MAX: Final = 2000
_INBOX_MAX: Final = 4000
_SHARE_EVERY_S: Final = 1.0
_IDLE_S: Final = 0.5
_ASIDE_S: Final = 0.05
"""So long nothing arrives before what was set aside is tried again."""
_BACKOFF_MAX_S: Final = 2.0

Released = Callable[[int], None]
"""Called with a partition that is no longer ours."""
HasAside = Callable[[], bool]
"""True while the handler keeps entries that it wants to try again: it is called without any too."""
Connect = Callable[[], Awaitable["asyncpg.Connection[asyncpg.Record]"]]

_VERIFY_EVERY_S: Final = 2.0
_VERIFY_TIMEOUT_S: Final = 4.0
LANES: Final = 4
_OVERLAP_MIN_BYTES: Final = 50_000
"""A second batch begins beside the first when so much waits, some 130 requests or one large bulk:
fewer are cheaper together.
"""
_BACKLOG_MIN_BYTES: Final = 200_000
"""With less, some 500 requests, a consumer shares its shift with others that have no backlog."""

_log = structlog.get_logger(__name__)


class Consumer:
    """Runs until `stop` is set. Every session begins with nothing owned and nothing in memory."""

    def __init__(
        self,
        *,
        name: str,
        connect: Connect,
        client: Client,
        handler: Handler,
        released: Released = lambda _: None,
        has_aside: HasAside = lambda: False,
        contention: Contention | None = None,
        batch_max: int = BATCH_MAX,
        apart: Work | None = None,
    ) -> None:
        """`client` needs one connection per partition and a few more."""
        self.name = name
        self._connect = connect
        self.client = client
        self.handler = handler
        self.released = released
        self.has_aside = has_aside
        self.batch_max = batch_max
        self.apart = apart
        self.contention = contention or NoContention()
        self.stop = asyncio.Event()
        self.owned: set[int] = set()

    async def run(self) -> None:
        """Run one session after another until stopped."""
        backoff_s = 0.1
        while not self.stop.is_set():
            try:
                await self._session()
                backoff_s = 0.1
            except Exception as error:  # noqa: BLE001 - whatever ended the session, the next one starts clean
                _log.warning("consumer_session_ended", error=repr(error)[:300])
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(backoff_s):
                        await self.stop.wait()
                backoff_s = min(backoff_s * 2, _BACKOFF_MAX_S)

    async def _session(self) -> None:
        connections: list[asyncpg.Connection[asyncpg.Record]] = []
        session: _Session | None = None
        try:
            for _ in range(LANES + 1):
                connections.append(await self._connect())  # noqa: PERF401 - those opened must be closed
            session = _Session(self, connections[:-1], connections[-1])
            await session.run()
        finally:
            self.owned = set()
            if session is not None:
                await session.close()
                for partition in session.owned:
                    self.released(partition)
            await _close(connections)


class _Session:
    """The PostgreSQL sessions of a consumer: what they own, read, apply and acknowledge."""

    def __init__(
        self,
        consumer: Consumer,
        sessions: "list[asyncpg.Connection[asyncpg.Record]]",
        control: "asyncpg.Connection[asyncpg.Record]",
    ) -> None:
        """Each of `sessions` writes a batch at a time; `control` never does."""
        self._consumer = consumer
        self._control = control
        self._ownership = Ownership(sessions, control, consumer.name)
        self._inbox = Inbox(_INBOX_MAX)
        self._readers: dict[tuple[int, ...], Reader] = {}
        self._finisher = Finisher(self._complete_step, self._inbox.forget)
        self._lanes = Lanes(sessions, consumer.handler, self._finisher.put, self._inbox.ask)
        self._apart = Apart(consumer.apart, self._ownership.fence, self._finisher.put)
        self._shift = Shift(control, consumer.contention)
        self._marked: dict[int, tuple[int, int]] = {}
        self._unverified: set[int] = set()
        self._verify_at = 0.0

    @property
    def owned(self) -> set[int]:
        return self._ownership.owned

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        share_at = 0.0
        stop = self._consumer.stop
        await self._ownership.forget_dead()
        while not stop.is_set():
            if loop.time() >= share_at:
                await self._share()
                share_at = loop.time() + _SHARE_EVERY_S
            self._apart.look()
            if self._lanes.is_busy and not self._inbox.holds(_OVERLAP_MIN_BYTES):
                await self._lanes.wait()
                continue
            has_backlog = self._inbox.holds(_BACKLOG_MIN_BYTES)
            if await self._shift.is_done(has_backlog=has_backlog):
                await self._end_shift()
            idle_s = _ASIDE_S if self._consumer.has_aside() else _IDLE_S
            batch = await self._inbox.take(self._consumer.batch_max, idle_s)
            if batch or self._consumer.has_aside():
                if not has_backlog:  # what came meanwhile
                    has_backlog = sum(len(e.payload) for e in batch) >= _BACKLOG_MIN_BYTES
                await self._shift.fit(self._lanes.idle, has_backlog=has_backlog)
                await self._apply(batch)
        await self._apart.stop()
        await self._end_shift()
        await self._lanes.idle()
        await self._finisher.settle()
        await self._ownership.leave()

    async def _end_shift(self) -> None:
        if self._shift.is_held:
            await self._lanes.idle()
            await self._shift.end()

    async def _apply(self, batch: list[Entry]) -> None:
        # a method of its own: a test replaces it
        await self._lanes.start(batch, shift=self._shift.alone)

    async def _share(self) -> None:
        excess = await self._ownership.excess()
        await self._lanes.keep_alive()
        gained: list[int] = []
        if excess < 0 and await self._ownership.is_any_free():
            await self._lanes.idle()
            gained = await self._ownership.gain(-excess)
        self._unverified |= set(gained)
        if gained or asyncio.get_running_loop().time() >= self._verify_at:
            await self._verify()
        for partition in sorted(self._ownership.owned, reverse=True)[: max(0, excess)]:
            if not self._finisher.is_stuck(self._consumer.client.place_of(partition)):
                await self._give_up(partition)
        await self._read_what_is_owned()
        if gained or excess > 0:
            _log.info("partitions_owned", owned=sorted(self._ownership.owned))
        self._consumer.owned = set(self._ownership.owned)

    async def _verify(self) -> None:
        """Read nothing from a partition before neither server is found to have lost data.

        The first applied entry would hide what a PostgreSQL restored from an older state has lost.
        """
        self._verify_at = asyncio.get_running_loop().time() + _VERIFY_EVERY_S
        self._unverified &= self._ownership.owned
        if not self._unverified:
            return
        try:
            async with asyncio.timeout(_VERIFY_TIMEOUT_S):
                verified, _ = await halt_rolled_back(
                    self._control, self._consumer.client, sorted(self._unverified)
                )
        except FAILURES as error:
            if self._control.is_closed():
                raise
            _log.warning("partitions_not_verified", error=repr(error)[:200])
        else:
            self._unverified -= verified

    async def _give_up(self, partition: int) -> None:
        """Finish everything before the lock is released: the next owner claims
        all pending entries.
        """
        await self._stop_readers([group for group in self._readers if partition in group])
        await self._apart.stop()
        await self._lanes.idle()
        await self._finisher.settle()
        self._inbox.drop(partition)
        self._consumer.released(partition)
        await self._ownership.release(partition)

    async def _read_what_is_owned(self) -> None:
        """A new reader takes pending entries first, so a stopped reader loses nothing."""
        readable = self._ownership.owned - self._unverified
        groups = self._consumer.client.readable_together(readable)
        await self._stop_readers([group for group in self._readers if group not in groups])
        for group in groups - self._readers.keys():
            reader = self._readers[group] = Reader(self._consumer.client, group, self._inbox)
            reader.start()

    async def _stop_readers(self, groups: Iterable[tuple[int, ...]]) -> None:
        for group in groups:
            await self._readers.pop(group).stop()

    async def _complete_step(self, step: Step) -> None:
        await self._complete(step)  # looked up each time: a test replaces it by a crash

    async def _complete(self, step: Step) -> None:
        pipeline = self._consumer.client.finishing()
        step.send(pipeline)
        if step.is_owed:
            await pipeline.execute()
        acknowledge(pipeline, step.entries)
        marked = self._mark(pipeline, step.entries)
        replies = await pipeline.execute(raise_on_error=False)
        for reply in replies[: len(replies) - marked]:  # a full Redis refuses only the marks
            if isinstance(reply, Exception):
                raise reply

    def _mark(self, pipeline: Any, entries: list[Entry]) -> int:
        """Store in Redis how far PostgreSQL has committed; returns the number of commands used.

        It reveals a PostgreSQL that was restored from an older state: see `streams.rollback`.
        """
        newest: dict[int, tuple[int, int]] = {}
        for entry in entries:
            newest[entry.partition] = max(newest.get(entry.partition, (0, 0)), entry.position)
        count = 0
        for partition, position in newest.items():
            if position > self._marked.get(partition, (0, 0)):
                self._marked[partition] = position
                pipeline.set(partitions.applied(partition), f"{position[0]}-{position[1]}")
                count += 1
        return count

    async def close(self) -> None:
        self._lanes.cancel()
        await self._apart.close()
        for reader in self._readers.values():
            await reader.stop()
        await self._finisher.close()


async def _close(connections: "Iterable[asyncpg.Connection[asyncpg.Record]]") -> None:
    for connection in connections:
        try:
            await connection.close(timeout=2)
        except Exception:  # noqa: BLE001 - a half-open peer must not block us
            connection.terminate()
