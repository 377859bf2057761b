"""What `payments doctor` looks at, and what to do about it."""

import platform
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any, Final

import asyncpg
import msgspec

from payments.entrypoints.settings import Settings
from payments.kernel.database import Connection, connect
from streams import partitions
from streams.client import create_client

PACKAGES: Final = ("payments-platform", "litestar", "msgspec", "asyncpg", "redis", "sqlalchemy")
DURABLE_POSTGRES: Final = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
DURABLE_REDIS: Final = {
    "appendonly": "yes",
    "appendfsync": "always",
    "no-appendfsync-on-rewrite": "no",
    "maxmemory-policy": "noeviction",
}
_ROLLED_BACK: Final = (
    "Redis was restored from an older state: intents it had accepted may be gone, and nothing more "
    "is accepted. Bring back its newest append-only file if there is one; if not, `payments doctor "
    "--accept-loss` goes on without them: clients that repeat a request under its key lose nothing"
)


class Finding(msgspec.Struct, frozen=True):
    """One thing looked at: fine without `advice`; `is_unsafe`: production must not run so."""

    part: str
    found: str
    advice: str = ""
    is_unsafe: bool = False


async def examine(settings: Settings) -> list[Finding]:
    """Everything, in the order a person would ask."""
    found = [Finding("python", platform.python_version())]
    found += [Finding(name, version(name)) for name in PACKAGES]
    return found + await durability(settings) + await _partitions(settings)


async def durability(settings: Settings) -> list[Finding]:
    """Whether what the servers confirm is on the disk."""
    return await _postgres(settings) + await _redis(settings)


async def accept_loss(settings: Settings) -> list[int]:
    """Go on after Redis was rolled back: streams continue after what is applied."""
    async with _session(settings) as connection, _client(settings) as client:
        rows = await connection.fetch(
            "SELECT partition, last_ms, last_seq FROM stream_partitions "
            "WHERE halted_reason IS NOT NULL"
        )
        for row in rows:
            stream = partitions.intents(row["partition"])
            await partitions.ensure_group(client, stream, partitions.GROUP)
            await client.execute_command("XSETID", stream, f"{row['last_ms']}-{row['last_seq']}")
        await connection.execute("UPDATE stream_partitions SET halted_reason = NULL")
    return [row["partition"] for row in rows]


async def _postgres(settings: Settings) -> list[Finding]:
    try:
        async with _session(settings) as connection:
            names = [*DURABLE_POSTGRES, "server_version"]
            rows = await connection.fetch(
                "SELECT name, setting FROM pg_settings WHERE name = ANY($1)", names
            )
            schema = await connection.fetchval("SELECT to_regclass('operations') IS NOT NULL")
    except (asyncpg.PostgresError, OSError, TimeoutError) as error:
        advice = f"cannot be reached ({type(error).__name__}): check PAYMENTS_DATABASE_URL"
        return [Finding("postgresql", "unreachable", advice)]
    have = {row["name"]: row["setting"] for row in rows}
    found = [Finding("postgresql", have.pop("server_version"))]
    found += _compare("postgresql", have, DURABLE_POSTGRES)
    advice = "" if schema else "run `payments migrate`"
    return [*found, Finding("schema", "there" if schema else "missing", advice)]


async def _redis(settings: Settings) -> list[Finding]:
    try:
        async with _client(settings) as client:
            server = await client.info("server")
            have = {name: await _config(client, name) for name in DURABLE_REDIS}
    except Exception as error:  # noqa: BLE001 - whatever the client raises, there is no Redis
        advice = f"cannot be reached ({type(error).__name__}): check PAYMENTS_REDIS_URL"
        return [Finding("redis", "unreachable", advice)]
    found = [Finding("redis", str(server.get("redis_version", "unknown")))]
    return found + _compare("redis", have, DURABLE_REDIS)


async def _config(client: Any, name: str) -> str:
    found = await client.config_get(name)
    return next((_text(v) for v in found.values()), "not told") if found else "not told"


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _compare(part: str, have: dict[str, str], want: dict[str, str]) -> list[Finding]:
    return [
        Finding(
            f"{part} {name}",
            have.get(name, "not told"),
            ""
            if have.get(name) == wanted
            else f"must be {wanted}: else confirmed money can be lost",
            is_unsafe=have.get(name) != wanted,
        )
        for name, wanted in want.items()
    ]


async def _partitions(settings: Settings) -> list[Finding]:
    try:
        async with _session(settings) as connection:
            rows = await connection.fetch(
                "SELECT partition, halted_reason FROM stream_partitions ORDER BY partition"
            )
            parked = await connection.fetchval(
                "SELECT count(*) FROM dead_letters WHERE state = 'parked'"
            )
    except (asyncpg.PostgresError, OSError, TimeoutError):
        return []  # said already
    halted = [r for r in rows if r["halted_reason"]]
    found = [Finding("partitions", str(len(rows)))]
    found += [
        Finding(f"partition {r['partition']}", r["halted_reason"], _ROLLED_BACK) for r in halted
    ]
    advice = "look at them: payments dead-letters list" if parked else ""
    return [*found, Finding("dead letters", str(parked), advice)]


@asynccontextmanager
async def _session(settings: Settings) -> AsyncIterator[Connection]:
    connection = await connect(settings.database_url.reveal(), application_name="payments-doctor")
    try:
        yield connection
    finally:
        connection.terminate()


@asynccontextmanager
async def _client(settings: Settings) -> AsyncIterator[Any]:
    client = create_client(settings.redis_url.reveal(), connections=2)
    try:
        yield client
    finally:
        await client.aclose()
