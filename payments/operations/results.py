"""Outcomes for those who wait: pushed after the commit, else read from PostgreSQL."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
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
from payments.operations.outcome import Decision
from payments.operations.submit import conflict
from streams import partitions
from streams.client import create_client
from streams.commands import Client
from streams.errors import FAILURES
from streams.tasks import end

_SWEEP_EVERY_S: Final = 0.1
_LOOKUP_MAX: Final = 500
_log = structlog.get_logger(__name__)


class Reply(msgspec.Struct, frozen=True, array_like=True):
    """One outcome as it is published: `is_conflict` when the id held other content."""

    decision: Decision
    digest: bytes
    is_conflict: bool


class Expected:
    """An outcome that is waited for; `digest` None takes any content."""

    def __init__(self, digest: bytes | None) -> None:
        """Made by `OutcomeReader.expect`."""
        self.digest = digest
        self.since_s = monotonic_s()
        self.done: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()

    async def within(self, timeout_s: float) -> Decision | None:
        """The outcome once it is there, None after the timeout. Raises `Conflict`."""
        try:
            async with asyncio.timeout(timeout_s):
                return await self.done
        except TimeoutError:
            return None


_REPLIES: Final = msgspec.json.Decoder(list[Reply])


class OutcomeReader:
    """Finds stored outcomes, many in a query, and waits for coming ones on its own channel."""

    def __init__(self, redis_url: str, database_url: str) -> None:
        """One a process."""
        self.reply_to = f"{partitions.REPLIES}{new_secret(12)}"
        self._client: Client = create_client(redis_url, connections=2)
        self._database_url = database_url
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._waiters: dict[UUID, list[Expected]] = {}
        self._lookups: dict[UUID, asyncio.Future[Decision | None]] = {}
        self._wanted = asyncio.Event()
        self._lock = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Listen, look up, sweep."""
        self._tasks = [
            asyncio.create_task(self._listen(), name="replies"),
            asyncio.create_task(self._look_up(), name="lookups"),
            asyncio.create_task(self._sweep(), name="sweep"),
        ]

    async def stop(self) -> None:
        """Stop all of it; who still waits learns nothing more."""
        await end(*self._tasks)
        await self._client.aclose()
        if self._connection is not None:
            self._connection.terminate()

    async def find(self, operation_id: OperationId) -> Decision | None:
        """The stored outcome; concurrent calls share one query. Raises `Unavailable`."""
        future = self._lookups.get(operation_id)
        if future is None:
            future = self._lookups[operation_id] = asyncio.get_running_loop().create_future()
            self._wanted.set()
        return await asyncio.shield(future)

    @contextmanager
    def expect(self, operation_id: OperationId, digest: bytes | None) -> Iterator[Expected]:
        """Listen from here on; `digest` None takes any content."""
        expected = Expected(digest)
        self._waiters.setdefault(operation_id, []).append(expected)
        try:
            yield expected
        finally:
            self._forget(operation_id, expected)

    async def wait(
        self, operation_id: OperationId, digest: bytes | None, timeout_s: float
    ) -> Decision | None:
        """The outcome once it is there, None after the timeout."""
        with self.expect(operation_id, digest) as expected:
            return await expected.within(timeout_s)

    def _forget(self, operation_id: UUID, expected: Expected) -> None:
        if expected.done.done() and not expected.done.cancelled():
            expected.done.exception()  # seen: whoever left before it came must not warn
        left = [w for w in self._waiters.get(operation_id, ()) if w is not expected]
        if left:
            self._waiters[operation_id] = left
        else:
            self._waiters.pop(operation_id, None)

    def _resolve(self, decision: Decision, *, digest: bytes | None, is_conflict: bool) -> None:
        """Wake who waits for this id; `digest` is the answered request's, None from the table."""
        for waiter in self._waiters.get(decision.operation_id, ()):
            if waiter.done.done() or (digest is not None and waiter.digest not in {None, digest}):
                continue
            if waiter.digest is not None and (is_conflict or decision.digest != waiter.digest):
                waiter.done.set_exception(conflict(OperationId(decision.operation_id)))
            else:
                waiter.done.set_result(decision)

    async def _listen(self) -> None:
        while True:
            pubsub = self._client.pubsub(ignore_subscribe_messages=True)
            try:
                await pubsub.subscribe(self.reply_to)
                while True:
                    message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=2)
                    if message is not None:
                        for reply in _REPLIES.decode(message["data"]):
                            self._resolve(
                                reply.decision, digest=reply.digest, is_conflict=reply.is_conflict
                            )
            except Exception as error:  # noqa: BLE001 - without this channel every wait is late, so it must come back
                _log.warning("replies_reconnect", error=repr(error)[:200])
                await asyncio.sleep(0.2)
            finally:
                await _close_quietly(pubsub)

    async def _sweep(self) -> None:
        """Who waits longer than a push takes is looked up, all in one query: no poll a request."""
        while True:
            await asyncio.sleep(_SWEEP_EVERY_S)
            before = monotonic_s() - _SWEEP_EVERY_S
            ids = [
                i for i, ws in list(self._waiters.items()) if any(w.since_s <= before for w in ws)
            ][:_LOOKUP_MAX]
            if not ids:
                continue
            try:
                for decision in (await self._read(ids)).values():
                    self._resolve(decision, digest=None, is_conflict=False)
            except Exception as error:  # noqa: BLE001 - the waiters go on waiting; their own timeout ends it
                _log.warning("sweep_failed", error=repr(error)[:200])

    async def _look_up(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            while self._lookups:
                ids = list(self._lookups)[:_LOOKUP_MAX]
                futures = {i: self._lookups.pop(i) for i in ids}
                try:
                    found = await self._read(ids)
                except Exception as error:  # noqa: BLE001 - whoever asked must hear of any failure, or waits for ever
                    for future in futures.values():
                        future.set_exception(_unavailable(error))
                        future.exception()  # seen: a caller that went away must not warn
                    continue
                for operation_id, future in futures.items():
                    if not future.done():
                        future.set_result(found.get(operation_id))

    async def _read(self, ids: list[UUID]) -> dict[UUID, Decision]:
        """Outcomes by id; one retry on a fresh session: a killed backend drops every session."""
        async with self._lock:
            for attempt in (1, 2):
                try:
                    if self._connection is None or self._connection.is_closed():
                        self._connection = await connect(
                            self._database_url, application_name="payments-outcomes"
                        )
                    rows = await self._connection.fetch(
                        load_sql(__file__, "decided_operations"), ids, timeout=LOOKUP_TIMEOUT_S
                    )
                    return {
                        r[0]: Decision(**dict(zip(Decision.__struct_fields__, r, strict=True)))
                        for r in rows
                    }
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
