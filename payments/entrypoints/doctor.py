"""What `payments doctor` examines, and its advice."""

import platform
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import Any, Final

import asyncpg
import msgspec
from alembic.script import ScriptDirectory

from migrations.run import alembic_config
from payments.entrypoints.settings import Settings
from payments.kernel.database import Connection, connect, trouble_in_words
from payments.kernel.errors import Conflict
from payments.kernel.sql import load_sql
from streams import durability as redis_durability
from streams import partitions
from streams.client import create_client
from streams.errors import trouble_in_words as trouble_of_redis
from streams.ownership import ALIVE_S
from streams.rollback import (
    POSTGRES_ROLLED_BACK,
    REDIS_ROLLED_BACK,
    code_of,
    find_trouble,
    lift,
    look,
    positions,
)
from streams.session import SharedSessionError, require_session

PACKAGES: Final = ("payments-platform", "litestar", "msgspec", "asyncpg", "redis", "sqlalchemy")
DURABLE_POSTGRES: Final = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
POSTGRES_MIN: Final = 160_000
ATTESTED: Final = "attested"
_ATTESTED_WORDS: Final = (
    "not told. YOU VOUCH FOR IT (PAYMENTS_REDIS_DURABILITY=attested): if it is not so, a 202 can "
    "be lost"
)
_ROLLED_BACK: Final = {
    REDIS_ROLLED_BACK: "Redis was restored from an older state: intents it had accepted may be "
    "gone, and nothing more is accepted. Bring back its newest append-only file if there is one; "
    "if not, `payments recover` (or `payments doctor --accept-loss`) goes on without them: clients "
    "that repeat a request under its key lose nothing",
    POSTGRES_ROLLED_BACK: "PostgreSQL was restored from an older state: decided operations are "
    "gone, the world has seen their results, and nothing more is accepted. Bring back the newest "
    "PostgreSQL if there is one; if not, `payments recover` leads through what has to be done",
}


class Finding(msgspec.Struct, frozen=True):
    """One examined part: fine without `advice`; `is_unsafe`: production must not run like this."""

    part: str
    found: str
    advice: str = ""
    is_unsafe: bool = False


async def examine(settings: Settings) -> list[Finding]:
    """Examine everything, in the order a person would ask."""
    findings = [Finding("python", platform.python_version())]
    findings += [Finding(name, version(name)) for name in PACKAGES]
    findings += await durability(settings)
    return [*findings, *await _partitions(settings), *await _open_transactions(settings)]


async def durability(settings: Settings) -> list[Finding]:
    """Whether what the servers confirm is on disk."""
    return await _postgres(settings) + await _redis(settings)


async def accept_loss(settings: Settings) -> list[int]:
    """Continue after Redis was set back: streams continue after what is applied.

    Raises `Conflict` when PostgreSQL was set back: money may have moved that it does not know of.
    """
    async with _session(settings) as connection, _client(settings) as client:
        _, halted = await positions(connection)
        if any(code_of(reason) == POSTGRES_ROLLED_BACK for reason in halted.values()):
            raise Conflict(
                "PostgreSQL was restored from an older state, not Redis: run `payments recover`",
                code=POSTGRES_ROLLED_BACK,
            )
        return await lift(connection, client, sorted(halted))


async def _postgres(settings: Settings) -> list[Finding]:
    try:
        await require_session(partial(connect, settings.database_url.reveal()), {})
        async with _session(settings) as connection:
            names = [*DURABLE_POSTGRES, "server_version", "server_version_num"]
            rows = await connection.fetch(
                "SELECT name, setting FROM pg_settings WHERE name = ANY($1)", names
            )
            revision = await _revision(connection)
    except SharedSessionError as error:
        return [Finding("postgresql", "sessions are shared", str(error))]
    except (asyncpg.PostgresError, OSError, TimeoutError) as error:
        advice = f"{trouble_in_words(error)}: check PAYMENTS_DATABASE_URL"
        return [Finding("postgresql", "unreachable", advice)]
    values = {row["name"]: row["setting"] for row in rows}
    is_old = int(values.pop("server_version_num")) < POSTGRES_MIN
    advice = "use PostgreSQL 16 or newer: older versions are not tested" if is_old else ""
    findings = [Finding("postgresql", values.pop("server_version"), advice)]
    findings += _compare("postgresql", values, DURABLE_POSTGRES)
    advice = "" if revision == _newest_revision() else "run `payments migrate`"
    return [*findings, Finding("schema", revision or "missing", advice)]


async def _revision(connection: Connection) -> str | None:
    if not await connection.fetchval("SELECT to_regclass('alembic_version') IS NOT NULL"):
        return None
    revision: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
    return revision


def _newest_revision() -> str | None:
    return ScriptDirectory.from_config(alembic_config()).get_current_head()


async def _redis(settings: Settings) -> list[Finding]:
    is_attested = settings.redis_durability == ATTESTED
    try:
        async with _client(settings) as client:
            return [
                finding
                for name, server in await client.servers()
                for finding in await _server(
                    f"redis {name}".strip(), server, is_attested=is_attested
                )
            ]
    except Exception as error:  # noqa: BLE001 - whatever the client raises, there is no Redis
        advice = f"{trouble_of_redis(error)}: check PAYMENTS_REDIS_URL"
        return [Finding("redis", "unreachable", advice)]


async def _server(part: str, client: Any, *, is_attested: bool) -> list[Finding]:
    """An attestation stands for what cannot be read only: a value that is read counts."""
    server = await client.info("server")
    values = await redis_durability.durability(client)
    trouble = await redis_durability.version_problem(client)
    findings = [Finding(part, redis_durability.name_of(server), trouble or "")]
    for name, required in redis_durability.REQUIRED.items():
        if is_attested and values[name] == redis_durability.NOT_TOLD:
            findings.append(Finding(f"{part} {name}", _ATTESTED_WORDS))
            continue
        is_fine = values[name] == required
        advice = "" if is_fine else redis_durability.problem(name, values[name])
        findings.append(Finding(f"{part} {name}", values[name], advice, is_unsafe=not is_fine))
    return findings


def _compare(part: str, values: dict[str, str], settings: dict[str, str]) -> list[Finding]:
    return [
        Finding(
            f"{part} {name}",
            values.get(name, "not told"),
            ""
            if values.get(name) == required
            else f"must be {required}: else confirmed money can be lost",
            is_unsafe=values.get(name) != required,
        )
        for name, required in settings.items()
    ]


async def _partitions(settings: Settings) -> list[Finding]:
    try:
        async with _session(settings) as connection, _client(settings) as client:
            before, _ = await positions(connection)
            views = await look(client, before)
            after, halted = await positions(connection)
            stopped = {n: t.text() for n, t in find_trouble(before, views, after).items()} | halted
            backlog = await partitions.backlog(client, list(before))
            living = await connection.fetchval(
                "SELECT count(*) FROM stream_consumers "
                "WHERE seen_at > now() - make_interval(secs => $1)",
                ALIVE_S,
            )
            parked = await connection.fetchval(
                "SELECT count(*) FROM dead_letters WHERE state = 'parked'"
            )
    except Exception:  # noqa: BLE001 - an unreachable server was reported already
        return []
    findings = [Finding("partitions", str(len(before)))]
    findings += [
        Finding(f"partition {number}", reason, _ROLLED_BACK[code_of(reason)])
        for number, reason in sorted(stopped.items())
    ]
    waiting = sum(backlog.values())
    advice = "start `payments consumer`: intents wait" if waiting and not living else ""
    findings.append(Finding("consumers alive", f"{living}, {waiting} intents wait", advice))
    advice = "look at them: payments dead-letters list" if parked else ""
    return [*findings, Finding("dead letters", str(parked), advice)]


async def _open_transactions(settings: Settings) -> list[Finding]:
    """Sessions that have had rows or tables of ours locked for seconds."""
    try:
        async with _session(settings) as connection:
            rows = await connection.fetch(load_sql(__file__, "open_transactions"))
    except Exception:  # noqa: BLE001 - an unreachable server was reported already
        return []
    return [
        Finding(
            f"session {row['pid']}",
            f"{row['username']}, {row['application'] or 'no application_name'}, "
            f"{row['state']}: in a transaction for {row['seconds']} s, locks in {row['tables']}",
            "payments that need what it has locked wait: end it with "
            f"SELECT pg_terminate_backend({row['pid']})",
        )
        for row in rows
    ]


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
