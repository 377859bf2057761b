"""Outcomes for waiting callers: pushed after the commit, else read from PostgreSQL."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec
import structlog

from payments.kernel.clock import monotonic_s
from payments.kernel.database import LOOKUP_TIMEOUT_S, connect, is_connection_lost
from payments.kernel.errors import Unavailable
from payments.kernel.ids import OperationId, new_secret
from payments.kernel.sql import load_sql
from payments.operations.envelope import Envelope, decode, is_said_by
from payments.operations.outcome import Decision
from payments.operations.outcomes import PARKED, Parked
from payments.operations.submit import conflict
from streams import partitions
from streams.client import create_client
from streams.commands import Client
from streams.errors import FAILURES
from streams.tasks import end

_SWEEP_EVERY_S: Final = 0.1
_LATE_S: Final = 1.0
"""After this time dead letters are searched for a waiting operation too: the push may be lost."""
_LOOKUP_MAX: Final = 500
_DECIDED: Final = load_sql(__file__, "decided_operations")
_PARKED: Final = load_sql(__file__, "parked_operations")
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


class ParkedReplies(msgspec.Struct, frozen=True):
    """A message about parked entries."""

    parked: list[ParkedReply]


class Expected:
    """An outcome that a caller waits for.

    `digest` None accepts any content. `submitted_at` distinguishes a dead letter of this request
    from one of an earlier try.
    """

    def __init__(self, digest: bytes | None, submitted_at: datetime | None) -> None:
        """Created by `OutcomeReader.expect`."""
        self.digest = digest
        self.submitted_at = submitted_at
        self.since_s = monotonic_s()
        self.done: asyncio.Future[Decision | Parked | None] = (
            asyncio.get_running_loop().create_future()
        )

    async def within(self, timeout_s: float) -> Decision | Parked | None:
        """The outcome; None after the timeout or `release`. Raises `Conflict`."""
        try:
            async with asyncio.timeout(timeout_s):
                return await self.done
        except TimeoutError:
            return None


_MESSAGE: Final = msgspec.json.Decoder(list[Reply] | ParkedReplies)


class OutcomeReader:
    """Finds stored outcomes, many per query, and receives new ones on its own channel."""

    def __init__(self, redis_url: str, database_url: str) -> None:
        """One instance per process."""
        self.reply_to = f"{partitions.REPLIES}{new_secret(12)}"
        self._client: Client = create_client(redis_url, connections=2)
        self._database_url = database_url
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._waiters: dict[UUID, list[Expected]] = {}
        self._lookups: dict[UUID, asyncio.Future[Decision | None]] = {}
        self._is_released = False
        self._has_lookups = asyncio.Event()
        self._lock = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start the background tasks."""
        self._tasks = [
            asyncio.create_task(self._listen(), name="replies"),
            asyncio.create_task(self._look_up(), name="lookups"),
            asyncio.create_task(self._sweep(), name="sweep"),
        ]

    async def stop(self) -> None:
        """Stop; waiting callers get no outcome."""
        await end(*self._tasks)
        await self._client.aclose()
        if self._connection is not None:
            self._connection.terminate()

    def release(self) -> None:
        """End every wait now, and later ones immediately: this process is about to stop."""
        self._is_released = True
        for waiter in [w for waiters in self._waiters.values() for w in waiters]:
            if not waiter.done.done():
                waiter.done.set_result(None)

    async def find(self, operation_id: OperationId) -> Decision | None:
        """The stored outcome; concurrent calls share one query. Raises `Unavailable`."""
        future = self._lookups.get(operation_id)
        if future is None:
            future = self._lookups[operation_id] = asyncio.get_running_loop().create_future()
            self._has_lookups.set()
        return await asyncio.shield(future)

    async def find_parked(self, operation_id: OperationId) -> Envelope | None:
        """The parked entry of this id. Raises `Unavailable`."""
        return next(iter(await self._read_parked([operation_id])), None)

    @contextmanager
    def expect(
        self, operation_id: OperationId, digest: bytes | None, submitted_at: datetime | None = None
    ) -> Iterator[Expected]:
        """Listen from now on; `digest` None accepts any content."""
        expected = Expected(digest, submitted_at)
        if self._is_released:
            expected.done.set_result(None)
        self._waiters.setdefault(operation_id, []).append(expected)
        try:
            yield expected
        finally:
            self._forget(operation_id, expected)

    async def wait(
        self, operation_id: OperationId, submitted_at: datetime, timeout_s: float
    ) -> Decision | Parked | None:
        """The outcome, whatever the content; None after the timeout."""
        with self.expect(operation_id, None, submitted_at) as expected:
            return await expected.within(timeout_s)

    def _forget(self, operation_id: UUID, expected: Expected) -> None:
        if expected.done.done() and not expected.done.cancelled():
            expected.done.exception()  # retrieved: asyncio must not warn when the caller has gone
        others = [w for w in self._waiters.get(operation_id, ()) if w is not expected]
        if others:
            self._waiters[operation_id] = others
        else:
            self._waiters.pop(operation_id, None)

    def _resolve(self, decision: Decision, *, digest: bytes | None, is_conflict: bool) -> None:
        """Wake the waiters of this id; `digest` is the answered request's, None from the table."""
        for waiter in self._waiters.get(decision.operation_id, ()):
            if waiter.done.done() or (digest is not None and waiter.digest not in {None, digest}):
                continue
            if waiter.digest is not None and (is_conflict or decision.digest != waiter.digest):
                waiter.done.set_exception(conflict(OperationId(decision.operation_id)))
            else:
                waiter.done.set_result(decision)

    def _resolve_pushed(self, reply: ParkedReply) -> None:
        """Tell the waiters of this id that its entry was parked, or that other content is."""
        for waiter in self._waiters.get(reply.operation_id, ()):
            if waiter.done.done() or waiter.digest not in {None, reply.digest}:
                continue
            if reply.is_conflict and waiter.digest is not None:
                waiter.done.set_exception(conflict(OperationId(reply.operation_id)))
            else:
                waiter.done.set_result(PARKED)

    def _resolve_parked(self, letter: Envelope) -> None:
        """The same from the dead letters. A letter of an earlier attempt does not count."""
        for waiter in self._waiters.get(letter.operation_id, ()):
            if waiter.done.done():
                continue
            if waiter.digest is not None and not is_said_by(letter, waiter.digest):
                waiter.done.set_exception(conflict(OperationId(letter.operation_id)))
            elif waiter.submitted_at in {None, letter.submitted_at}:
                waiter.done.set_result(PARKED)

    def _receive(self, data: bytes) -> None:
        message = _MESSAGE.decode(data)
        if isinstance(message, ParkedReplies):
            for parked in message.parked:
                self._resolve_pushed(parked)
            return
        for reply in message:
            self._resolve(reply.decision, digest=reply.digest, is_conflict=reply.is_conflict)

    async def _listen(self) -> None:
        while True:
            pubsub = self._client.pubsub(ignore_subscribe_messages=True)
            try:
                await pubsub.subscribe(self.reply_to)
                while True:
                    message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=2)
                    if message is not None:
                        self._receive(message["data"])
            except Exception as error:  # noqa: BLE001 - without this channel every answer is late, so reconnect always
                _log.warning("replies_reconnect", error=repr(error)[:200])
                await asyncio.sleep(0.2)
            finally:
                await _close_quietly(pubsub)

    async def _sweep(self) -> None:
        """Look up overdue outcomes, all in one query, instead of polling per request."""
        while True:
            await asyncio.sleep(_SWEEP_EVERY_S)
            ids = self._waiting_longer_than(_SWEEP_EVERY_S)
            if not ids:
                continue
            try:
                for decision in (await self._read(ids)).values():
                    self._resolve(decision, digest=None, is_conflict=False)
                if late := self._waiting_longer_than(_LATE_S):
                    for letter in await self._read_parked(late):
                        self._resolve_parked(letter)
            except Exception as error:  # noqa: BLE001 - the waiters have their own timeout
                _log.warning("sweep_failed", error=repr(error)[:200])

    def _waiting_longer_than(self, seconds: float) -> list[UUID]:
        before = monotonic_s() - seconds
        waiters = list(self._waiters.items())
        return [i for i, ws in waiters if any(w.since_s <= before for w in ws)][:_LOOKUP_MAX]

    async def _look_up(self) -> None:
        while True:
            await self._has_lookups.wait()
            self._has_lookups.clear()
            while self._lookups:
                ids = list(self._lookups)[:_LOOKUP_MAX]
                futures = {i: self._lookups.pop(i) for i in ids}
                try:
                    decisions = await self._read(ids)
                except Exception as error:  # noqa: BLE001 - callers must learn of any failure, or they wait for ever
                    for future in futures.values():
                        future.set_exception(_unavailable(error))
                        future.exception()  # retrieved: no warning when the caller has gone
                    continue
                for operation_id, future in futures.items():
                    if not future.done():
                        future.set_result(decisions.get(operation_id))

    async def _read(self, ids: list[UUID]) -> dict[UUID, Decision]:
        rows = await self._fetch(_DECIDED, ids)
        fields = Decision.__struct_fields__
        return {r[0]: Decision(**dict(zip(fields, r, strict=True))) for r in rows}

    async def _read_parked(self, ids: list[UUID]) -> list[Envelope]:
        """Which of these are dead letters."""
        return [decode(row["payload"]) for row in await self._fetch(_PARKED, ids)]

    async def _fetch(self, query: str, ids: list[UUID]) -> list[Any]:
        """Rows by id; one retry on a new session: a killed backend drops every session."""
        async with self._lock:
            for attempt in (1, 2):
                try:
                    if self._connection is None or self._connection.is_closed():
                        self._connection = await connect(
                            self._database_url, application_name="payments-outcomes"
                        )
                    return list(await self._connection.fetch(query, ids, timeout=LOOKUP_TIMEOUT_S))
                except Exception as error:
                    if self._connection is not None:
                        self._connection.terminate()
                        self._connection = None
                    if attempt == 2 or not is_connection_lost(error):  # noqa: PLR2004 - the second try
                        raise _unavailable(error) from error
        raise AssertionError("unreachable")


def _unavailable(error: Exception) -> Unavailable:
    if isinstance(error, Unavailable):
        return error
    _log.warning("outcomes_unavailable", error=repr(error)[:200])
    return Unavailable("outcomes cannot be read just now", code="database_unavailable")


async def _close_quietly(pubsub: Any) -> None:
    try:
        await pubsub.aclose()
    except FAILURES:
        _log.debug("pubsub_close_failed")
