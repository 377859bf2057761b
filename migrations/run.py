"""Bringing a database to another schema, one migrator at a time, without standing in the way.

Migrations have limits of their own: they may take hours, but they wait for a lock only a few
seconds at a time, because whoever comes after them in the queue for that lock waits as well.
"""

import asyncio
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from payments.kernel.clock import monotonic_s
from payments.kernel.database import connect, create_engine
from payments.kernel.errors import Conflict
from streams.session import SharedSessionError, require_session

LOCK_TIMEOUT: Final = "3s"
LOCK_ATTEMPTS: Final = 40
_LOCK_PAUSE_S: Final = 2.0
_MIGRATION_LOCK: Final = 7_203_001
_TURN_EVERY_S: Final = 1.0
_SAY_EVERY_S: Final = 5.0
_LOCK_NOT_AVAILABLE: Final = "55P03"

Report = Callable[[str], None]


class Plan(msgspec.Struct, frozen=True):
    """What has to be done: revisions with their first lines, in order."""

    is_downgrade: bool
    steps: tuple[str, ...]


def to_stderr(line: str) -> None:
    """Say a line where people and logs see it."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def alembic_config() -> Config:
    """Alembic's settings, without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


def migrate(
    url: str, revision: str = "head", *, report: Report = to_stderr, may_go_back: bool = True
) -> None:
    """Upgrade (or with an older `revision`, downgrade) the database at `url`.

    Raises `Conflict` for a revision that this version does not know, for one that is older when it
    may not go back, and when a lock could not be had in all its attempts.
    """
    asyncio.run(migrate_async(url, revision, report=report, may_go_back=may_go_back))


async def migrate_async(
    url: str, revision: str = "head", *, report: Report = to_stderr, may_go_back: bool = True
) -> None:
    """The same, inside a running loop."""
    await _check_session(url)
    engine = create_engine(url, pool_size=1, application="payments-migrate", command_timeout_s=None)
    try:
        async with engine.connect() as connection:
            await _take_turn(connection, report)
            plan = await connection.run_sync(_plan, revision)
            await connection.commit()
            if plan.is_downgrade and not may_go_back:
                raise Conflict(
                    f"{revision} is older than the database: going back drops what newer versions "
                    "have stored. Make a backup, then say --yes-i-have-a-backup",
                    code="downgrade_refused",
                )
            if plan.steps:
                await _run(connection, revision, plan, report)
    finally:
        await engine.dispose()


async def _check_session(url: str) -> None:
    """The turn is a lock of the session: a pooler that shares sessions would keep it for ever."""
    try:
        await require_session(partial(connect, url), {})
    except SharedSessionError as error:
        raise Conflict(str(error), code="session_shared") from error


async def _take_turn(connection: AsyncConnection, report: Report) -> None:
    """Several replicas may start at once: the others wait here and then find nothing to do."""
    said_at = -_SAY_EVERY_S
    while True:
        took = text("SELECT pg_try_advisory_lock(:key)")
        got = (await connection.execute(took, {"key": _MIGRATION_LOCK})).scalar_one()
        await connection.commit()  # the lock is the session's; no transaction may stay open
        if got:
            return
        if monotonic_s() - said_at >= _SAY_EVERY_S:
            said_at = monotonic_s()
            report("schema: another migrator is at work; waiting for it")
        await asyncio.sleep(_TURN_EVERY_S)


def _plan(connection: Connection, revision: str) -> Plan:
    script = ScriptDirectory.from_config(alembic_config())
    current = MigrationContext.configure(connection).get_current_revision()
    known = {one.revision for one in script.walk_revisions()}
    if current is not None and current not in known:
        raise Conflict(
            f"the database is at {current}, which this version does not know: a newer version has "
            "migrated it; run that one",
            code="schema_is_newer",
        )
    is_back = revision == "base" or revision.startswith("-") or _is_older(script, revision, current)
    try:
        if is_back:
            walk = script.iterate_revisions(current or "base", revision)
            steps = list(walk)
        else:
            walk = script.iterate_revisions(revision, current or "base")
            steps = list(walk)[::-1]
    except (CommandError, RevisionError) as error:
        raise Conflict(f"there is no revision {revision}: {error}", code="no_revision") from error
    lines = tuple(f"{one.revision} {_first_line(one.doc)}" for one in steps)
    return Plan(is_back, lines)


def _is_older(script: ScriptDirectory, revision: str, current: str | None) -> bool:
    if current is None or revision == current:
        return False
    older = {one.revision for one in script.iterate_revisions(current, "base")}
    return revision in older


def _first_line(doc: str | None) -> str:
    return (doc or "").strip().split("\n", 1)[0]


async def _run(connection: AsyncConnection, revision: str, plan: Plan, report: Report) -> None:
    """Each migration in a transaction of its own; one that gets no lock is tried again."""
    verb = "undo" if plan.is_downgrade else "run"
    report(f"schema: {len(plan.steps)} to {verb}: {'; '.join(plan.steps)}")
    await connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    await connection.execute(text("SET statement_timeout = 0"))
    await connection.commit()
    for attempt in range(1, LOCK_ATTEMPTS + 1):
        try:
            await connection.run_sync(_alembic, revision, plan.is_downgrade, report)
            await connection.commit()
        except DBAPIError as error:
            await connection.rollback()
            if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
                raise
            report(
                f"schema: a lock was not to be had in {LOCK_TIMEOUT} (attempt {attempt} of "
                f"{LOCK_ATTEMPTS}); traffic goes on, and it is tried again"
            )
            await asyncio.sleep(_LOCK_PAUSE_S)
        else:
            return
    raise Conflict(
        "a lock for the migration was not to be had: some session holds its table all the time. "
        "SELECT * FROM pg_stat_activity WHERE state = 'idle in transaction' shows forgotten ones",
        code="schema_locked",
    )


def _alembic(connection: Connection, revision: str, is_downgrade: bool, report: Report) -> None:  # noqa: FBT001 - run_sync passes positions
    config = alembic_config()
    started = [monotonic_s()]

    def on_step(**applied: object) -> None:
        step = applied["step"]
        took_s, started[0] = monotonic_s() - started[0], monotonic_s()
        name = getattr(step, "up_revision_id", None)
        report(f"schema: {'undid' if is_downgrade else 'ran'} {name} in {took_s:.1f} s")

    config.attributes["connection"] = connection
    config.attributes["on_step"] = on_step
    (command.downgrade if is_downgrade else command.upgrade)(config, revision)
