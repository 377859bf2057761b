"""Connecting to PostgreSQL, and the errors after which a transaction may run again."""

import asyncio
import ssl
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from payments.kernel.database_url import canonical

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection  # generic for the type checker only

METADATA: Final = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    }
)
"""Metadata of every table: capabilities define theirs on it, migrations are compared with it."""

CONNECT_TIMEOUT_S: Final = 5.0
COMMAND_TIMEOUT_S: Final = 30.0
LOOKUP_TIMEOUT_S: Final = 5.0
"""For lookups by primary key that a request waits for: gives up on a half-open session."""

# 40001 serialization, 40P01 deadlock, 55P03 lock timeout, 57014 statement timeout, 57P0x shutdown,
# 08 connection, 53 resources, 23505: two consumers met on one id or one unique key; the second run
# sees the first one's row.
_RETRY_EXACT: Final = frozenset(
    {
        "40001",
        "40P01",
        "55P03",
        "57014",
        "57P01",
        "57P02",
        "57P03",
        "57P05",
        "23505",
        "25P03",
        "25P04",
    }
)
_RETRY_CLASS: Final = ("08", "53")
# 28 wrong user or password, 3D no such database, 08P01 a pooler that refuses our settings, 42704,
# 22023, 55P02 a setting in the address that the server does not know or take.
_NEVER_BY_ITSELF: Final = ("28", "3D", "08P01", "42704", "22023", "55P02")
_NO_TLS: Final = "rejected SSL upgrade"


def is_connection_lost(error: BaseException) -> bool:
    """True when the session is gone or unusable (one killed backend drops every session)."""
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return state.startswith("08") or state in {
            "57P01",
            "57P02",
            "57P03",
            "57P05",
            "25P03",
            "25P04",
        }
    # InternalClientError: a command on a session that was killed under another one ("cannot switch
    # to state 12").
    return isinstance(
        error,
        asyncpg.InterfaceError
        | asyncpg.InternalClientError
        | OSError
        | TimeoutError
        | asyncio.IncompleteReadError,
    )


def is_retryable(error: BaseException) -> bool:
    """True when running the whole transaction again may succeed and cannot do harm."""
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return state in _RETRY_EXACT or state.startswith(_RETRY_CLASS)
    return is_connection_lost(error)


def is_without_room(error: BaseException) -> bool:
    """True when the server lacks disk, memory or connections, whatever was asked of it."""
    return isinstance(error, asyncpg.PostgresError) and (error.sqlstate or "").startswith("53")


def is_worth_waiting(error: Exception) -> bool:
    """True when a starting process should retry: the server is away or starting.

    A missing schema counts as well: another process may be migrating.
    """
    if isinstance(error, asyncpg.PostgresError):
        return not (error.sqlstate or "").startswith(_NEVER_BY_ITSELF)
    return not (isinstance(error, ssl.SSLError | ValueError) or _NO_TLS in str(error))


def no_session(error: BaseException) -> BaseException | None:
    """The first error in the chain of causes that means there is no usable session, or None."""
    cause: BaseException | None = error
    while cause is not None:
        state = (cause.sqlstate or "") if isinstance(cause, asyncpg.PostgresError) else ""
        if is_connection_lost(cause) or state.startswith(_NEVER_BY_ITSELF):
            return cause
        cause = cause.__cause__
    return None


def trouble_in_words(error: BaseException) -> str:
    """Why no session could be opened, in one line without secrets."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate of the server is not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"no TLS with this server: {error.reason or error}"
    if _NO_TLS in str(error):
        return "the server has no TLS, and sslmode asks for it"
    if isinstance(error, asyncpg.InvalidAuthorizationSpecificationError):
        wants = ": it wants TLS, add sslmode=require" if "no encryption" in str(error) else ""
        return f"the server refuses the user or the password{wants}"
    if isinstance(error, TimeoutError):
        return f"no answer within {CONNECT_TIMEOUT_S:.0f} s"
    return (str(error) or type(error).__name__).partition("\n")[0]


def create_engine(
    url: str,
    *,
    pool_size: int = 10,
    application: str = "payments",
    command_timeout_s: float | None = COMMAND_TIMEOUT_S,
) -> AsyncEngine:
    """An engine for reads and reference data; its sessions come from `connect`.

    `command_timeout_s` None: no limit, for migrations.
    """
    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=partial(
            connect, url, command_timeout_s=command_timeout_s, application_name=application
        ),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=CONNECT_TIMEOUT_S,
        pool_pre_ping=False,
        hide_parameters=True,  # they may be personal or secret, and errors reach logs
    )


async def connect(
    url: str,
    *,
    command_timeout_s: float | None = COMMAND_TIMEOUT_S,
    is_planned_once: bool = False,
    **server_settings: str,
) -> Connection:
    """Open one asyncpg session with these server settings, e.g. `idle_session_timeout="10s"`.

    `is_planned_once`: with `PLANNED_ONCE` too.
    A pooler rejects settings it does not know in the startup message; for such an address they are
    set by statement after connecting. Raises ValueError for an invalid address.
    """
    address, settings = canonical(url), {"jit": "off", **server_settings}
    if is_planned_once:
        settings |= PLANNED_ONCE
    if address not in _POOLED:
        try:
            return await _connect(address, settings, command_timeout_s)
        except asyncpg.ProtocolViolationError as error:
            if "unsupported startup parameter" not in str(error):
                raise
            _POOLED.add(address)
    connection = await _connect(address, {}, command_timeout_s)
    for name, value in settings.items():
        await connection.execute("SELECT set_config($1, $2, false)", name, value)
    return connection


async def _connect(
    address: str, server_settings: dict[str, str], command_timeout_s: float | None
) -> Connection:
    connection: Connection = await asyncpg.connect(
        address,
        timeout=CONNECT_TIMEOUT_S,
        command_timeout=command_timeout_s,
        server_settings=server_settings,
    )
    return connection


PLANNED_ONCE: Final = {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off"}
"""Settings of a session with few statements, all by index, that run all the time.

The server would plan each of them anew every time, for the lengths of its arrays: a fifth of its
time for a small batch. A plan made while a table is new and empty must not read it from end to end
later.
"""
_POOLED: Final[set[str]] = set()
"""Addresses known to be poolers; without it every session would need two attempts."""


def with_database(url: str, name: str) -> str:
    """The same URL with another database name."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, f"/{name}", parts.query, ""))
