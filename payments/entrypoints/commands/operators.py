"""For operators: `audit`, `doctor`, `dead-letters`."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from payments.entrypoints.commands.context import DataDir, settings_of
from payments.kernel.clock import rfc3339, utc_now

if TYPE_CHECKING:
    from rich.table import Table

    from payments.entrypoints.settings import Settings
    from payments.kernel.database import Connection
    from payments.operations.dead_letters import DeadLetter

app: Final = typer.Typer(no_args_is_help=True, help="Intents that could not be handled.")
T = TypeVar("T")

PIPE_WIDTH: Final = 200

LetterId = Annotated[int, typer.Argument(help="The number in `dead-letters list`.")]


def audit(data_dir: DataDir = None) -> None:
    """Check all invariants over all data; exit code 1 on a breach."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from scheduler.checks.audit import audit as run_audit

    with settings_of(data_dir) as settings:
        database_url, redis_url = settings.database_url.reveal(), settings.redis_url.reveal()
        with Console(stderr=True).status("looking") as status:
            findings = asyncio.run(
                run_audit(
                    database_url,
                    redis_url,
                    progress=lambda check, _: status.update(f"{check.name}: {check.proves}"),
                )
            )
    table = Table("invariant", "", "seconds", "breaches")
    for finding in findings:
        word = "broken" if finding.is_broken else "look" if finding.breaches else "holds"
        listed = "\n".join(f"{b.subject}: {b.detail}" for b in finding.breaches)
        table.add_row(finding.check.name, word, f"{finding.seconds:.2f}", escape(listed))
    _show(table)
    if any(finding.is_broken for finding in findings):
        raise typer.Exit(1)


def doctor(
    data_dir: DataDir = None,
    *,
    accept_loss: Annotated[
        bool,
        typer.Option(
            "--accept-loss",
            help="After Redis was rolled back: go on without what it lost.",
        ),
    ] = False,
) -> None:
    """Show versions, durability and problems with advice; exit code 1 when something is wrong."""
    from rich.markup import escape
    from rich.table import Table

    from payments.entrypoints import doctor as examination

    with settings_of(data_dir) as settings:
        if accept_loss:
            resumed = asyncio.run(examination.accept_loss(settings))
            typer.echo(f"accepting again on partitions: {resumed or 'none was stopped'}", err=True)
        findings = asyncio.run(examination.examine(settings))
    table = Table("part", "found", "advice")
    for finding in findings:
        table.add_row(finding.part, escape(finding.found), escape(finding.advice) or "fine")
    _show(table)
    if any(finding.advice for finding in findings):
        raise typer.Exit(1)


@app.command("list")
def list_letters(data_dir: DataDir = None, state: str = "parked") -> None:
    """List the entries an operator has to look at."""
    from rich.markup import escape
    from rich.table import Table

    from payments.operations import dead_letters

    async def work(connection: Connection, _settings: Settings) -> list[DeadLetter]:
        return await dead_letters.list_letters(connection, state)

    table = Table("id", "stream", "kind", "operation", "parked", "error")
    for letter in _run(data_dir, work):
        error = letter.error.strip().rsplit("\n", 1)[-1][:120]
        parked = rfc3339(letter.parked_at) if letter.parked_at else ""
        operation = str(letter.operation_id or "")
        table.add_row(
            str(letter.id), letter.stream, letter.kind or "", operation, parked, escape(error)
        )
    _show(table)


@app.command()
def show(letter_id: LetterId, data_dir: DataDir = None) -> None:
    """Show one dead letter completely: its intent and its traceback."""
    from payments.operations import dead_letters

    async def work(connection: Connection, _settings: Settings) -> DeadLetter:
        return await dead_letters.show_letter(connection, letter_id)

    letter = _run(data_dir, work)
    typer.echo(f"{letter.stream} {letter.partition} {letter.stream_id}, {letter.attempts} attempts")
    typer.echo(letter.payload.decode(errors="replace"))
    typer.echo(letter.error)


@app.command()
def retry(letter_id: LetterId, data_dir: DataDir = None) -> None:
    """Append it to its stream again."""
    from payments.operations import dead_letters
    from payments.operations.door import RedisDoor

    async def work(connection: Connection, settings: Settings) -> DeadLetter:
        door = RedisDoor(
            settings.redis_url.reveal(),
            settings.database_url.reveal(),
            partition_count=settings.partitions,
        )
        await door.start()
        try:
            return await dead_letters.retry_letter(connection, door, letter_id, utc_now(), _actor())
        finally:
            await door.stop()

    typer.echo(f"{_run(data_dir, work).operation_id} is in the stream again", err=True)


@app.command()
def discard(letter_id: LetterId, data_dir: DataDir = None) -> None:
    """Discard it: its operation is rejected permanently."""
    from payments.operations import dead_letters

    async def work(connection: Connection, _settings: Settings) -> DeadLetter:
        return await dead_letters.discard_letter(connection, letter_id, utc_now(), _actor())

    typer.echo(f"{_run(data_dir, work).operation_id} is rejected", err=True)


def _show(table: Table) -> None:
    """Print a table as wide as the terminal; into a pipe wide enough to keep ids in one piece."""
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, PIPE_WIDTH)
    console.print(table)


def _actor() -> str:
    return f"command line: {getpass.getuser()}"


def _run(data_dir: Any, work: Callable[[Connection, Settings], Awaitable[T]]) -> T:
    from payments.kernel.database import connect

    async def run(settings: Settings) -> T:
        connection = await connect(settings.database_url.reveal(), application_name="payments-cli")
        try:
            return await work(connection, settings)
        finally:
            await connection.close()

    with settings_of(data_dir) as settings:
        return asyncio.run(run(settings))
