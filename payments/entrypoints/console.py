"""Builds the console's parts: configuration, the checks it runs, what it sees of the streams."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

from litestar import Litestar
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.entrypoints.settings import Settings
from payments.entrypoints.superpay import superpay_schedule
from payments.http.services import services_of
from payments.kernel.clock import Clock, utc_now
from payments.kernel.database import Connection, connect
from payments.kernel.errors import Conflict
from payments.operations import dead_letters
from payments.operations.door import RedisDoor
from payments.operations.figures import MinuteCounts
from payments.surfaces.console.config import (
    LOGINS_A_MINUTE,
    LOGINS_OF_ADDRESS,
    Checked,
    CheckRunner,
    ConsoleAttempts,
    ConsoleConfig,
    Gate,
    LastRun,
    Letters,
)
from payments.users.writes import Limits
from scheduler.checks.audit import audit
from scheduler.runs import last_runs

_JOBS: Final = ("run_checks", "run_full_audit")
_LIMITS: Final = Limits(
    logins_of_one_login=LOGINS_A_MINUTE,
    logins_of_one_address=LOGINS_OF_ADDRESS,
    registrations_of_one_address=0,
)


def console_config(settings: Settings, clock: Clock = utc_now) -> ConsoleConfig:
    """The configuration of the pages, and of the links that the command line prints."""
    return ConsoleConfig(
        base_url=settings.base_url,
        is_production=settings.is_production,
        schedule=superpay_schedule(settings),
        clock=clock,
    )


def console_services(
    settings: Settings, engine: AsyncEngine, door: RedisDoor, clock: Clock
) -> Mapping[type[Any], Any]:
    """Services of the console's handlers, by type."""
    return {
        ConsoleConfig: console_config(settings, clock),
        ConsoleAttempts: ConsoleAttempts(engine, clock, _LIMITS),
        CheckRunner: ScheduledChecks(settings, engine),
        Gate: StreamGate(door),
        MinuteCounts: MinuteCounts(engine),
        Letters: DatabaseLetters(settings, door),
    }


@asynccontextmanager
async def console_running(app: Litestar) -> AsyncGenerator[None]:
    """Nothing is counted any more when the application ends."""
    try:
        yield
    finally:
        await services_of(app).get(MinuteCounts).stop()


class ScheduledChecks(CheckRunner):
    """The scheduler's invariants, for the console."""

    def __init__(self, settings: Settings, engine: AsyncEngine) -> None:
        """`engine`: to read what the scheduler noted."""
        self._settings = settings
        self._engine = engine
        self._is_running = False

    async def last(self) -> Sequence[LastRun]:
        """The newest finished run of each job of checks."""
        runs = await last_runs(self._engine, _JOBS)
        return [
            LastRun(job=job, finished_at=run.finished_at, breaches=run.handled)
            for job, run in runs.items()
        ]

    async def run(self) -> Sequence[Checked]:
        """Every check over everything, in one state of the data; one run at a time."""
        if self._is_running:
            raise Conflict("the checks are running already: wait a minute", code="checks_running")
        self._is_running = True
        try:
            findings = await audit(
                self._settings.database_url.reveal(), self._settings.redis_url.reveal()
            )
        finally:
            self._is_running = False
        return [
            Checked(
                name=finding.check.name,
                proves=finding.check.proves,
                is_broken=finding.is_broken,
                is_only_warned=bool(finding.breaches) and not finding.is_broken,
                seconds=finding.seconds,
                breaches=tuple((b.subject, b.detail) for b in finding.breaches),
            )
            for finding in findings
        ]


class DatabaseLetters(Letters):
    """Decides dead letters, as `payments dead-letters` does."""

    def __init__(self, settings: Settings, door: RedisDoor) -> None:
        """`door`: puts entries into their streams again."""
        self._settings = settings
        self._door = door

    async def retry(self, letter_id: int, by: str, now: datetime) -> None:
        """Put it into its stream again."""
        async with self._connection() as connection:
            await dead_letters.retry_letter(connection, self._door, letter_id, now, by)

    async def discard(self, letter_id: int, by: str, now: datetime) -> None:
        """Give it up."""
        async with self._connection() as connection:
            await dead_letters.discard_letter(connection, letter_id, now, by)

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[Connection]:
        url = self._settings.database_url.reveal()
        connection = await connect(url, application_name="payments-console")
        try:
            yield connection
        finally:
            await connection.close()


class StreamGate(Gate):
    """The door's view of the streams."""

    def __init__(self, door: RedisDoor) -> None:
        self._door = door

    def backlog(self) -> int:
        """Entries that are accepted and not applied."""
        return sum(self._door.backlog.values())

    async def oldest_s(self) -> float | None:
        """Age of the oldest of them."""
        return await self._door.oldest_s()

    def closed_reason(self) -> str | None:
        """Why nothing is accepted, or None."""
        return self._door.closed_reason
