"""The stream as the submitter sees it: appends when it is safe, else refuses with a reason.

A background task watches the backlog. Redis is compared with PostgreSQL on every new connection
before anything is appended over it, and again at intervals: a server that is behind the other one
was restored from an older state, accepted or decided operations may be lost, and nothing more is
accepted. If a server is away at the start, the door stays closed until it is back.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import asyncpg
import structlog

from payments.kernel.clock import monotonic_s
from payments.kernel.database import connect, is_worth_waiting
from payments.kernel.errors import Unavailable, UnknownFate
from payments.kernel.ids import OperationId
from payments.operations import metrics
from payments.operations.acceptance import Marked
from payments.operations.marked import NotAllLookedAtError, find_marker, find_whole
from streams import partitions
from streams.client import create_client
from streams.commands import NOTHING_BESIDE, Beside, Client, Producer
from streams.errors import FAILURES, FateUnknown, StreamUnavailable
from streams.lag import oldest_age_s
from streams.ownership import ensure_partitions
from streams.rollback import (
    POSTGRES_ROLLED_BACK,
    REDIS_ROLLED_BACK,
    code_of,
    halt_rolled_back,
)
from streams.tasks import end

_LOOK_EVERY_S: Final = 0.25
_COMPARE_EVERY_S: Final = 1.0
_BEGIN_AGAIN_S: Final = 1.0
_STARTING: Final = "starting"
_SERVER_TROUBLE: Final = (*FAILURES, asyncpg.PostgresError, asyncpg.InterfaceError)
_ADVICE: Final = {
    "backlog_full": "the backlog is full because consumers cannot keep up; try again shortly",
    REDIS_ROLLED_BACK: "Redis is behind PostgreSQL: it was restored from an older state. "
    "An operator must run `payments recover`",
    POSTGRES_ROLLED_BACK: "PostgreSQL is behind Redis: it was restored from an older state. "
    "An operator must run `payments recover`",
    "redis_unreachable": "the stream cannot be reached",
    _STARTING: "still starting",
}
_log = structlog.get_logger(__name__)


class RedisDoor:
    """Appends intents to their partition. At most `backlog_max` entries may wait in total."""

    def __init__(
        self,
        redis_url: str,
        database_url: str,
        *,
        partition_count: int = 8,
        backlog_max: int = 200_000,
    ) -> None:
        """`partition_count` applies to the first start only."""
        self._database_url = database_url
        self._producer: Producer | None = None
        self._client: Client = create_client(redis_url, connections=4)
        self._count = partition_count
        self._backlog_max = backlog_max
        self._closed: str | None = _STARTING
        self._away: dict[int, str] = {}  # partitions whose server is away, and the reason
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._task: asyncio.Task[None] | None = None
        self._looking = asyncio.Lock()
        self._compare_at = 0.0
        self.backlog: dict[int, int] = {}

    @property
    def closed_reason(self) -> str | None:
        """Why nothing is accepted, or None, also while part of a cluster still accepts."""
        is_all_away = len(self._away) >= self._count
        return self._closed or (next(iter(self._away.values())) if is_all_away else None)

    async def start(self) -> None:
        """Check once, then start watching; while servers are away the door is closed.

        Raises errors that waiting does not cure: a wrong password, a missing database.
        """
        await self._begin_safely()
        self._task = asyncio.create_task(self._watch(), name="gate")

    async def _begin_safely(self) -> None:
        try:
            await self._begin()
        except _SERVER_TROUBLE as error:
            if not is_worth_waiting(error):
                raise
            _log.warning("gate_waits_for_servers", error=repr(error)[:200])

    async def _begin(self) -> None:
        """Fix the number of partitions, create the producer, check."""
        connection = await self._session()
        self._count = await ensure_partitions(connection, self._count)
        producer = self._client.create_producer(self._verify, self._count)
        await producer.start()
        self._producer = producer
        await self._look_safely()

    async def stop(self) -> None:
        """Send what is waiting, then close."""
        await end(self._task)
        if self._producer is not None:
            await self._producer.stop()
        await self._client.aclose()
        if self._connection is not None:
            self._connection.terminate()

    def partition_of(self, partition_key: int | str) -> int:
        """The partition of a key, once started."""
        return partitions.partition_of(partition_key, self._count)

    async def append(
        self,
        partition_key: int | str,
        operation_id: OperationId,
        payload: bytes,
        marker: bytes,
        beside: Beside = NOTHING_BESIDE,
    ) -> bytes | None:
        """Make the entry durable; returns the marker of an earlier append of this operation.

        Raises `Unavailable`: nothing was written. Raises `UnknownFate`: the reply was lost.
        """
        partition = self.partition_of(partition_key)
        return await self._append(partition, str(operation_id), payload, marker, beside=beside)

    async def put_back(self, partition: int, payload: bytes, marked: Marked | None) -> None:
        """Append an entry again, to its original partition, like `append`.

        `marked`: what is kept of it; None when the entry cannot be read.
        """
        if marked is None:
            await self._append(partition, "", payload, b"")
        else:
            id_ = str(marked.operation_id)
            await self._append(partition, id_, payload, marked.marker, beside=marked.beside)

    async def put_back_effect(self, partition: int, payload: bytes) -> None:
        """Append an effect again, to its original partition."""
        await self._append(partition, "", payload, b"", partitions.effects(partition))

    async def _append(
        self,
        partition: int,
        operation_id: str,
        payload: bytes,
        marker: bytes,
        stream: str = "",
        *,
        beside: Beside = NOTHING_BESIDE,
    ) -> bytes | None:
        reason = self._closed or self._away.get(partition)
        if reason is not None or self._producer is None:
            raise self._refusal(reason or _STARTING)
        try:
            return await self._producer.append(
                partition, operation_id, payload, marker, stream=stream, beside=beside
            )
        except StreamUnavailable as error:
            if error.reason == "redis_unreachable":
                self._lose_server_of(partition)
            raise self._refusal(error.reason) from error
        except FateUnknown as error:
            self._lose_server_of(partition)
            metrics.NOT_ACCEPTED.labels("fate_unknown").inc()
            raise UnknownFate(operation_id=operation_id) from error

    async def oldest_s(self) -> float | None:
        """Age of the oldest entry that is not applied; None when nothing waits or Redis is away."""
        waiting = [partition for partition, length in self.backlog.items() if length]
        names = [partitions.intents(partition) for partition in waiting]
        try:
            ages = [await oldest_age_s(self._client, name) for name in names]
        except FAILURES:
            return None
        return max((age for age in ages if age is not None), default=None)

    async def find_marker(self, operation_id: OperationId) -> bytes | None:
        """The marker of an accepted operation, in any partition."""
        try:
            return await find_marker(self._client, self._count, operation_id)
        except (*FAILURES, NotAllLookedAtError) as error:
            raise self._refusal("redis_unreachable") from error

    async def find_whole(self, operation_id: OperationId) -> OperationId | None:
        """The bulk that a part or an item of this id would be of."""
        try:
            return await find_whole(self._client, self._count, operation_id)
        except (*FAILURES, NotAllLookedAtError) as error:
            raise self._refusal("redis_unreachable") from error

    def _lose_server_of(self, partition: int) -> None:
        """Send nothing more to the server of this partition until the next check."""
        place = self._client.place_of(partition)
        for other in range(self._count):
            if self._client.place_of(other) == place:
                self._away[other] = "redis_unreachable"

    def _refusal(self, reason: str) -> Unavailable:
        metrics.NOT_ACCEPTED.labels(reason).inc()
        return Unavailable(f"nothing was accepted: {_ADVICE.get(reason, reason)}", code=reason)

    async def _watch(self) -> None:
        while True:
            if self._producer is None:
                await asyncio.sleep(_BEGIN_AGAIN_S)
                await self._begin_again()
            else:
                await asyncio.sleep(_LOOK_EVERY_S)
                await self._look_safely()

    async def _begin_again(self) -> None:
        try:
            await self._begin_safely()
        except Exception as error:  # noqa: BLE001 - without this task the door would stay closed for ever
            _log.exception("gate_cannot_begin", error=repr(error)[:200])

    async def _look_safely(self) -> None:
        try:
            reason = await self._look()
        except (*FAILURES, StreamUnavailable) as error:
            reason = "redis_unreachable"
            _log.warning("gate_cannot_look", error=repr(error)[:200])
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            # PostgreSQL is away: intents are durable in the stream, so the door stays as it was.
            _log.warning("gate_without_database", error=repr(error)[:200])
            return
        except Exception as error:  # noqa: BLE001 - without this task the door would never change
            reason = "gate_failed"
            _log.exception("gate_failed", error=repr(error)[:200])
        if reason != self._closed:
            is_start = self._closed == _STARTING and reason is None
            (_log.info if is_start else _log.warning)("gate_changed", closed=reason)
        self._closed = reason

    async def _look(self) -> str | None:
        self.backlog, away = await partitions.backlog_found(self._client, range(self._count))
        if away != set(self._away):
            _log.warning("gate_lost_partitions", partitions=sorted(away))
        self._away = dict.fromkeys(away, "redis_unreachable")
        for partition, length in self.backlog.items():
            metrics.BACKLOG.labels(f"{partition:02d}").set(length)
        if sum(self.backlog.values()) >= self._backlog_max:
            return "backlog_full"
        is_doubtful = self._closed in {_STARTING, REDIS_ROLLED_BACK, POSTGRES_ROLLED_BACK}
        if is_doubtful or monotonic_s() >= self._compare_at:
            self._compare_at = monotonic_s() + _COMPARE_EVERY_S
            return await self._compare(list(self.backlog))
        return None

    async def _verify(self, held: Sequence[int]) -> None:
        """Before anything is sent over a new connection: has either server been set back?"""
        reason = await self._compare(held)
        if reason is not None:
            self._closed = reason
            raise StreamUnavailable(reason)

    async def _compare(self, held: Sequence[int]) -> str | None:
        async with self._looking:  # the watch and new connections share one session
            try:
                connection = await self._session()
                seen, halted = await halt_rolled_back(connection, self._client, held)
            except TimeoutError:  # half-open: the next check must not wait for this session again
                if self._connection is not None:
                    self._connection.terminate()
                raise
        if not seen.issuperset(held):
            raise StreamUnavailable("redis_unreachable")
        # The state is kept: the next append would get a newer id and hide what was lost.
        return code_of(next(iter(halted.values()))) if halted else None

    async def _session(self) -> "asyncpg.Connection[asyncpg.Record]":
        if self._connection is None or self._connection.is_closed():
            self._connection = await connect(self._database_url, application_name="payments-gate")
        return self._connection
