"""Stored outcomes by their ids, many in one query."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg
import structlog

from payments.kernel.database import LOOKUP_TIMEOUT_S, connect, is_connection_lost
from payments.kernel.errors import Unavailable
from payments.kernel.ids import OperationId
from payments.kernel.sql import load_sql
from payments.operations.envelope import Envelope, decode
from payments.operations.outcome import Decision
from streams.tasks import end

LOOKUP_MAX: Final = 500
_DECIDED: Final = load_sql(__file__, "decided_operations")
_PARKED: Final = load_sql(__file__, "parked_operations")
_FIELDS: Final = Decision.__struct_fields__
_log = structlog.get_logger(__name__)


class Lookups:
    """One session. While a query is under way, the ids that come are gathered for the next."""

    def __init__(self, database_url: str) -> None:
        """One instance per process."""
        self._database_url = database_url
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._asked: list[tuple[OperationId, asyncio.Future[Decision | None]]] = []
        self._has_asked = asyncio.Event()
        self._lock = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the task that looks up."""
        self._task = asyncio.create_task(self._run(), name="lookups")

    async def stop(self) -> None:
        """Stop; whoever waits gets no answer."""
        await end(self._task)
        if self._connection is not None:
            self._connection.terminate()

    def find(self, operation_id: OperationId) -> "asyncio.Future[Decision | None]":
        """The stored outcome. Raises `Unavailable`."""
        future: asyncio.Future[Decision | None] = asyncio.get_running_loop().create_future()
        self._asked.append((operation_id, future))
        self._has_asked.set()
        return future

    async def read(self, ids: Sequence[UUID]) -> dict[int, Decision]:
        """Stored outcomes by the integer of their id: hashing a UUID runs Python code."""
        rows = await self._fetch(_DECIDED, ids)
        return {r[0].int: Decision(**dict(zip(_FIELDS, r, strict=True))) for r in rows}

    async def read_parked(self, ids: Sequence[UUID]) -> list[Envelope]:
        """Which of these are dead letters."""
        return [decode(row["payload"]) for row in await self._fetch(_PARKED, ids)]

    async def _run(self) -> None:
        while True:
            await self._has_asked.wait()
            asked = self._asked[:LOOKUP_MAX]
            del self._asked[:LOOKUP_MAX]
            if not self._asked:
                self._has_asked.clear()
            try:
                decisions = await self.read([id_ for id_, _ in asked])
            except Exception as error:  # noqa: BLE001 - callers must learn of any failure, or they wait for ever
                for _, future in asked:
                    if not future.done():
                        future.set_exception(unavailable(error))
                        future.exception()  # retrieved: no warning when the caller has gone
                continue
            for operation_id, future in asked:
                if not future.done():
                    future.set_result(decisions.get(operation_id.int))

    async def _fetch(self, query: str, ids: Sequence[UUID]) -> list[Any]:
        """Rows by id; one retry on a new session: a killed backend drops every session."""
        async with self._lock:
            for attempt in (1, 2):
                try:
                    if self._connection is None or self._connection.is_closed():
                        self._connection = await connect(
                            self._database_url,
                            application_name="payments-outcomes",
                            is_planned_once=True,
                        )
                    return list(await self._connection.fetch(query, ids, timeout=LOOKUP_TIMEOUT_S))
                except Exception as error:
                    if self._connection is not None:
                        self._connection.terminate()
                        self._connection = None
                    if attempt == 2 or not is_connection_lost(error):  # noqa: PLR2004 - the second try
                        raise unavailable(error) from error
        raise AssertionError("unreachable")


def unavailable(error: Exception) -> Unavailable:
    """The error for a failed look-up; it is logged."""
    if isinstance(error, Unavailable):
        return error
    _log.warning("outcomes_unavailable", error=repr(error)[:200])
    return Unavailable("outcomes cannot be read just now", code="database_unavailable")
