"""Waits for unreachable servers when a role starts: the role logs it, is not ready, and retries."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, TypeVar

import asyncpg
import structlog
from prometheus_client import Gauge

from payments.entrypoints.settings import BadSettings, Settings
from payments.kernel.database import connect, is_worth_waiting, trouble_in_words
from streams import errors as redis_errors
from streams.client import create_client
from streams.errors import FAILURES
from streams.ownership import SESSION_SETTINGS
from streams.session import SharedSessionError, require_session

_WAITS_S: Final = (0.2, 0.5, 1.0, 2.0)
READY: Final = Gauge("payments_role_ready", "1 while this role works, 0 while it waits for servers")
_AWAY: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncio.IncompleteReadError,
    *FAILURES,
)
"""What `connect` raises while a server goes away under it, and what it raises for good."""
T = TypeVar("T")
_log = structlog.get_logger(__name__)


def stop_on_signals() -> asyncio.Event:
    """An event set by SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


async def servers_there(settings: Settings, stop: asyncio.Event) -> bool:
    """Wait until both servers answer and the schema exists; False when stopped before.

    Raises `BadSettings` for what waiting does not cure: a wrong password, a missing database, a
    pooler that shares sessions.
    """
    READY.set(0)
    count = 0
    while not stop.is_set():
        trouble = await _trouble(settings)
        if trouble is None:
            READY.set(1)
            return True
        _log.warning("waiting_for_servers", reason=trouble, count=count)
        wait_s = _WAITS_S[min(count, len(_WAITS_S) - 1)]
        count += 1
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), wait_s)
    return False


async def made(
    settings: Settings, stop: asyncio.Event, make: Callable[[], Awaitable[T]]
) -> T | None:
    """The result of `make` once the servers are there; repeated if they went away meanwhile.

    None when stopped before.
    """
    while await servers_there(settings, stop):
        try:
            return await make()
        except _AWAY as error:
            if not is_worth_waiting(error):
                raise
            READY.set(0)
            _log.warning("waiting_for_servers", reason=repr(error)[:300])
    return None


def wait_for_servers(settings: Settings) -> None:
    """Run `servers_there` in an event loop of its own, before a role uses its servers.

    A signal ends the process here (`stop_cleanly`): nothing has started yet that would need to
    stop.
    """
    asyncio.run(servers_there(settings, asyncio.Event()))


def look_at_servers(settings: Settings) -> None:
    """Raises `BadSettings` for what waiting does not cure; the API itself waits for the rest."""
    asyncio.run(_trouble(settings))


async def _trouble(settings: Settings) -> str | None:
    """What is missing, as a sentence; None when a role can start."""
    session = partial(connect, settings.database_url.reveal())
    try:
        await require_session(session, SESSION_SETTINGS)
        connection = await session()
        try:
            if not await connection.fetchval("SELECT to_regclass('stream_partitions') IS NOT NULL"):
                return "the schema is not there yet: payments migrate"
        finally:
            connection.terminate()
    except SharedSessionError as error:
        raise BadSettings([f"PAYMENTS_DATABASE_URL: {error}"]) from error
    except _AWAY as error:
        if not is_worth_waiting(error):
            raise BadSettings([f"PAYMENTS_DATABASE_URL: {trouble_in_words(error)}"]) from error
        return f"PostgreSQL cannot be reached: {trouble_in_words(error)}"[:300]
    client = create_client(settings.redis_url.reveal(), connections=2)
    try:
        await client.ping()
    except FAILURES as error:
        reason = redis_errors.trouble_in_words(error)
        if redis_errors.is_for_good(error):
            raise BadSettings([f"PAYMENTS_REDIS_URL: {reason}"]) from error
        return f"Redis cannot be reached: {reason}"[:300]
    finally:
        await client.aclose()
    return None
