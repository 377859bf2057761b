"""Checks for a PostgreSQL session of our own, because locks and settings depend on it.

Behind a pooler in transaction mode each transaction may run in another server process. Advisory
locks then protect nothing, and two consumers apply one partition at a time.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Final

import asyncpg

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection

Connect = Callable[[], Awaitable[Connection]]

_ROUNDS: Final = 3
_PROBE_LOCK: Final = 7_204
_INT_MAX: Final = 2**31 - 1
_STATEMENT_MODE: Final = "not allowed in statement pooling mode"
"""What pgbouncer says before it closes the connection."""
_ADVICE: Final = (
    "a connection needs a PostgreSQL session of its own, because statements are prepared in it and "
    "it holds advisory locks (a consumer owns its partitions by them). Connect to PostgreSQL "
    "itself, or to a pooler in session mode (pgbouncer: pool_mode = session)"
)


class SharedSessionError(Exception):
    """Statements of one connection run in several server processes: a pooler is in between."""


async def open_session(connect: Connect, settings: Mapping[str, str]) -> Connection:
    """A session with these settings, applied by statement: a pooler drops startup parameters."""
    connection = await connect()
    for name, value in settings.items():
        await connection.execute("SELECT set_config($1, $2, false)", name, value)
    return connection


async def require_session(connect: Connect, settings: Mapping[str, str]) -> None:
    """Raises `SharedSessionError` unless settings and locks of a session last between statements.

    A second connection keeps transactions open meanwhile: a pooler in transaction mode gives it the
    server process that the first one believes to be its own. Connecting may fail by it already:
    what a process before us prepared is still there.
    """
    opened: list[Connection] = []
    try:
        for _ in range(2):
            opened.append(await connect())  # noqa: PERF401 - the first is closed when this fails
        await _probe(opened[0], opened[1], settings)
    except (asyncpg.InvalidSQLStatementNameError, asyncpg.DuplicatePreparedStatementError) as error:
        raise SharedSessionError(f"prepared statements got lost: {_ADVICE}") from error
    except asyncpg.ConnectionDoesNotExistError as error:
        if _STATEMENT_MODE not in str(error):
            raise
        raise SharedSessionError(f"transactions are not allowed: {_ADVICE}") from error
    finally:
        for connection in opened:
            connection.terminate()


async def _probe(first: Connection, other: Connection, settings: Mapping[str, str]) -> None:
    token, key = secrets.token_hex(8), secrets.randbelow(_INT_MAX)
    pid = await first.fetchval("SELECT pg_backend_pid()")
    await first.execute("SELECT set_config('payments.session', $1, false)", token)
    for name, value in settings.items():
        await first.execute("SELECT set_config($1, $2, false)", name, value)
    await first.fetchval("SELECT pg_try_advisory_lock($1, $2)", _PROBE_LOCK, key)
    for _ in range(_ROUNDS):
        transaction = other.transaction()
        await transaction.start()
        others_pid = await other.fetchval("SELECT pg_backend_pid()")
        row = await first.fetchrow(
            "SELECT pg_backend_pid() AS pid, current_setting('payments.session', true) AS token,"
            " current_setting('idle_session_timeout', true) AS timeout,"
            " (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            "   AND classid = $1 AND objid = $2 AND pid = pg_backend_pid()) AS locks",
            _PROBE_LOCK,
            key,
        )
        await transaction.rollback()
        if row is None or row["pid"] != pid or others_pid == pid:
            raise SharedSessionError(f"two statements ran on two server processes: {_ADVICE}")
        expected = settings.get("idle_session_timeout", row["timeout"])
        if row["token"] != token or row["timeout"] != expected:
            raise SharedSessionError(f"a setting of the session did not stay: {_ADVICE}")
        if row["locks"] != 1:
            raise SharedSessionError(f"an advisory lock of the session did not stay: {_ADVICE}")
