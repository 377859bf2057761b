"""`payments recover`: out of a restore, one step at a time."""

import asyncio
import getpass
from datetime import UTC, datetime
from typing import Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.entrypoints import recovery
from payments.entrypoints.commands.context import DataDir, settings_of
from payments.entrypoints.recovery import Status
from payments.entrypoints.settings import Settings
from payments.kernel.clock import rfc3339
from payments.kernel.database import create_engine
from payments.recovery.queries import Kind


def recover(
    data_dir: DataDir = None,
    *,
    kind: Annotated[
        Kind | None, typer.Option(help="Which server was restored, where it cannot be seen.")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"],
            help="When the restored state is from, in UTC; by default the newest decision in it.",
        ),
    ] = None,
    yes_i_have_a_backup: Annotated[
        bool,
        typer.Option(
            "--yes-i-have-a-backup", help="Do the next step; without it only the status is shown."
        ),
    ] = False,
) -> None:
    """After a restore: what is stopped, what is missing, and the next step out of it.

    Exit code 1 while there is something to recover.
    """
    moment = None if since is None else since.replace(tzinfo=UTC)
    with settings_of(data_dir) as settings:
        found = asyncio.run(_run(settings, kind, moment, is_doing=yes_i_have_a_backup))
    _show(found)
    if found.next:
        raise typer.Exit(1)


async def _run(
    settings: Settings, kind: Kind | None, since: datetime | None, *, is_doing: bool
) -> Status:
    engine = create_engine(
        settings.database_url.reveal(), pool_size=2, application="payments-recover"
    )
    try:
        if is_doing:
            typer.echo(await do_next(settings, engine, kind, since), err=True)
        return await recovery.status(settings, engine)
    finally:
        await engine.dispose()


async def do_next(
    settings: Settings, engine: AsyncEngine, kind: Kind | None, since: datetime | None
) -> str:
    """Do the step that the status names. What it did, in words."""
    found = await recovery.status(settings, engine)
    by = f"command line: {getpass.getuser()}"
    if found.recovery is None:
        if not found.next and kind is None:
            return "nothing to recover"
        return await recovery.begin(settings, engine, kind, since, by)
    if found.next == "accept":
        return await recovery.accept(settings, engine, found.recovery)
    if found.next == "load":
        return await recovery.load_registries(settings, engine, found.recovery)
    if found.next == "settle":
        return await recovery.settle(settings, engine, found.recovery)
    return await recovery.finish(settings, engine, found.recovery, by)


def _show(found: Status) -> None:
    open_one = found.recovery
    if open_one is None:
        typer.echo("no recovery is open")
    else:
        days = ", ".join(day.isoformat() for day in open_one.days())
        typer.echo(
            f"recovery {open_one.id} ({open_one.kind.value}), begun {rfc3339(open_one.opened_at)} "
            f"by {open_one.opened_by}"
        )
        typer.echo(f"the gap: from {rfc3339(open_one.gap_from)}; registries of {days}")
    for line in recovery.trouble(found):
        typer.echo(f"- {line}")
    if found.next:
        typer.echo("effects wait (asking the provider goes on)")
        typer.echo(f"next step: {found.next}; do it with --yes-i-have-a-backup")
