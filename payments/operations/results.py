"""Outcomes for waiting callers: pushed after the commit, else read from PostgreSQL."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Self
from uuid import UUID

import msgspec
import structlog

from payments.kernel.clock import monotonic_s
from payments.kernel.ids import OperationId, new_secret
from payments.operations.envelope import Envelope, is_said_by
from payments.operations.lookups import LOOKUP_MAX, Lookups
from payments.operations.outcome import Decision
from payments.operations.outcomes import PARKED, Parked, PartOutcome, conflict
from streams import partitions
from streams.client import create_client
from streams.commands import Client
from streams.link import connect_link, pack
from streams.options import SOCKET_TIMEOUT_S
from streams.tasks import end

_SWEEP_EVERY_S: Final = 0.1
_LATE_S: Final = 1.0
"""After this time dead letters are searched for a waiting operation too: the push may be lost."""
_EXPIRE_EVERY_S: Final = 0.05
_RECONNECT_S: Final = 0.2
_log = structlog.get_logger(__name__)


class Reply(msgspec.Struct, frozen=True, array_like=True):
    """One published outcome; `is_conflict` when the id has other content."""

    decision: Decision
    digest: bytes
    is_conflict: bool


class ParkedReply(msgspec.Struct, frozen=True, array_like=True):
    """One operation whose entry became a dead letter; `is_conflict` when it is another's."""

    operation_id: UUID
    digest: bytes
    is_conflict: bool = False


class BulkReply(msgspec.Struct, frozen=True, array_like=True):
    """One published outcome of a bulk, and those of its items in their order."""

    reply: Reply
    parts: list[PartOutcome]


class OtherReplies(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message that 0.1.0 does not know: about parked entries, and about bulks."""

    parked: list[ParkedReply] = []
    bulks: list[BulkReply] = []


class Expected:
    """An outcome that a caller waits for, from `with` until the block is left.

    `digest` None accepts any content. `submitted_at` distinguishes a dead letter of this request
    from one of an earlier try.
    """

    __slots__ = ("_waiters", "digest", "done", "key", "parts", "since_s", "submitted_at", "until_s")

    def __init__(
        self, waiters: "_Waiters", key: int, digest: bytes | None, submitted_at: datetime | None
    ) -> None:
        """Created by `OutcomeReader.expect`."""
        self._waiters = waiters
        self.key = key
        self.digest = digest
        self.submitted_at = submitted_at
        self.parts: Sequence[PartOutcome] | None = None
        self.since_s = monotonic_s()
        self.until_s: float | None = None
        self.done: asyncio.Future[Decision | Parked | None] = (
            asyncio.get_running_loop().create_future()
        )

    def __enter__(self) -> Self:
        self._waiters.setdefault(self.key, []).append(self)
        return self

    def __exit__(self, *_: object) -> None:
        if self.done.done() and not self.done.cancelled():
            self.done.exception()  # retrieved: asyncio must not warn when the caller has gone
        waiters = self._waiters[self.key]
        waiters.remove(self)
        if not waiters:
            del self._waiters[self.key]

    async def within(self, timeout_s: float) -> Decision | Parked | None:
        """The outcome; None after the timeout or `release`. Raises `Conflict`.

        One task ends all waits, within 50 ms: a timer for each took a tenth of a wait's CPU.
        """
        self.until_s = monotonic_s() + timeout_s
        return await self.done


_Waiters = dict[int, list[Expected]]
"""Those who wait, by the integer of the operation's id: hashing a UUID runs Python code."""
_MESSAGE: Final = msgspec.json.Decoder(list[Reply] | OtherReplies)


class OutcomeReader:
    """Finds stored outcomes, many per query, and receives new ones on its own channel."""

    def __init__(self, redis_url: str, database_url: str) -> None:
        """One instance per process."""
        self.reply_to = f"{partitions.REPLIES}{new_secret(12)}"
        self._client: Client = create_client(redis_url, connections=2)
        self._lookups = Lookups(database_url)
        self._waiters: _Waiters = {}
        self._is_released = False
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start the background tasks."""
        self._lookups.start()
        self._tasks = [
            asyncio.create_task(self._listen(), name="replies"),
            asyncio.create_task(self._sweep(), name="sweep"),
            asyncio.create_task(self._expire(), name="expire"),
        ]

    async def stop(self) -> None:
        """Stop; waiting callers get no outcome."""
        await end(*self._tasks)
        await self._lookups.stop()
        await self._client.aclose()

    def release(self) -> None:
        """End every wait now, and later ones immediately: this process is about to stop."""
        self._is_released = True
        self._end_waits(None)

    async def find(self, operation_id: OperationId) -> Decision | None:
        """The stored outcome; concurrent calls share one query. Raises `Unavailable`."""
        return await self._lookups.find(operation_id)

    async def read(self, ids: Sequence[UUID]) -> dict[int, Decision]:
        """Stored outcomes by the integer of their id. Raises `Unavailable`."""
        return await self._lookups.read(ids)

    async def read_parked(self, ids: Sequence[UUID]) -> list[Envelope]:
        """The parked entries of these ids. Raises `Unavailable`."""
        return await self._lookups.read_parked(ids) if ids else []

    async def find_parked(self, operation_id: OperationId) -> Envelope | None:
        """The parked entry of this id. Raises `Unavailable`."""
        return next(iter(await self._lookups.read_parked([operation_id])), None)

    def expect(
        self, operation_id: OperationId, digest: bytes | None, submitted_at: datetime | None = None
    ) -> Expected:
        """Listen from now on; `digest` None accepts any content."""
        expected = Expected(self._waiters, operation_id.int, digest, submitted_at)
        if self._is_released:
            expected.done.set_result(None)
        return expected

    async def wait(
        self, operation_id: OperationId, submitted_at: datetime, timeout_s: float
    ) -> Decision | Parked | None:
        """The outcome, whatever the content; None after the timeout."""
        with self.expect(operation_id, None, submitted_at) as expected:
            return await expected.within(timeout_s)

    def _resolve(self, reply: Reply, parts: Sequence[PartOutcome] | None = None) -> None:
        """Wake those who sent the request that is answered, and those who take any content."""
        decision = reply.decision
        for waiter in self._waiters.get(decision.operation_id.int, ()):
            if waiter.done.done() or waiter.digest not in {None, reply.digest}:
                continue
            if reply.is_conflict and waiter.digest is not None:
                waiter.done.set_exception(conflict(OperationId(decision.operation_id)))
            else:
                waiter.parts = parts
                waiter.done.set_result(decision)

    def _resolve_stored(self, decision: Decision) -> None:
        """Wake all who wait for this id. Whoever asked compares the content."""
        for waiter in self._waiters.get(decision.operation_id.int, ()):
            if not waiter.done.done():
                waiter.done.set_result(decision)

    def _resolve_pushed(self, reply: ParkedReply) -> None:
        """Tell the waiters of this id that its entry was parked, or that other content is."""
        for waiter in self._waiters.get(reply.operation_id.int, ()):
            if waiter.done.done() or waiter.digest not in {None, reply.digest}:
                continue
            if reply.is_conflict and waiter.digest is not None:
                waiter.done.set_exception(conflict(OperationId(reply.operation_id)))
            else:
                waiter.done.set_result(PARKED)

    def _resolve_parked(self, letter: Envelope) -> None:
        """The same from the dead letters. A letter of an earlier attempt does not count."""
        for waiter in self._waiters.get(letter.operation_id.int, ()):
            if waiter.done.done():
                continue
            if waiter.digest is not None and not is_said_by(letter, waiter.digest):
                waiter.done.set_exception(conflict(OperationId(letter.operation_id)))
            elif waiter.submitted_at in {None, letter.submitted_at}:
                waiter.done.set_result(PARKED)

    def _receive(self, data: bytes) -> None:
        message = _MESSAGE.decode(data)
        if isinstance(message, OtherReplies):
            for parked in message.parked:
                self._resolve_pushed(parked)
            for bulk in message.bulks:
                self._resolve(bulk.reply, bulk.parts)
            return
        for reply in message:
            self._resolve(reply)

    async def _listen(self) -> None:
        while True:
            link = None
            try:
                link = await connect_link(self._client.any_server())
                link.on_push(lambda push: self._receive(push[2]))
                async with asyncio.timeout(SOCKET_TIMEOUT_S):
                    await link.send(pack(b"SUBSCRIBE", self.reply_to.encode()), 1)
                await link.lost
                reason = "the connection ended"
            except Exception as error:  # noqa: BLE001 - without this channel every answer is late, so reconnect always
                reason = repr(error)[:200]
            finally:
                if link is not None:
                    link.close()
            _log.warning("replies_reconnect", error=reason)
            await asyncio.sleep(_RECONNECT_S)

    async def _expire(self) -> None:
        """End the waits that are over."""
        while True:
            await asyncio.sleep(_EXPIRE_EVERY_S)
            self._end_waits(monotonic_s())

    def _end_waits(self, now_s: float | None) -> None:
        for waiters in self._waiters.values():
            for waiter in waiters:
                is_over = now_s is None or (waiter.until_s is not None and waiter.until_s <= now_s)
                if is_over and not waiter.done.done():
                    waiter.done.set_result(None)

    async def _sweep(self) -> None:
        """Look up overdue outcomes, all in one query, instead of polling per request."""
        while True:
            await asyncio.sleep(_SWEEP_EVERY_S)
            ids = self._waiting_longer_than(_SWEEP_EVERY_S)
            if not ids:
                continue
            try:
                for decision in (await self._lookups.read(ids)).values():
                    self._resolve_stored(decision)
                if late := self._waiting_longer_than(_LATE_S):
                    for letter in await self._lookups.read_parked(late):
                        self._resolve_parked(letter)
            except Exception as error:  # noqa: BLE001 - the waiters have their own timeout
                _log.warning("sweep_failed", error=repr(error)[:200])

    def _waiting_longer_than(self, seconds: float) -> list[UUID]:
        before = monotonic_s() - seconds
        waiters = list(self._waiters.items())
        overdue = [i for i, ws in waiters if any(w.since_s <= before for w in ws)]
        return [UUID(int=i) for i in overdue[:LOOKUP_MAX]]
