"""`payments recover`: recover from a restore, one step at a time."""

from __future__ import annotations

import asyncio
import getpass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from payments.entrypoints.commands.context import DataDir, settings_of
from payments.kernel.clock import rfc3339
from payments.recovery.kind import Kind

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from payments.entrypoints.recovery import Status
    from payments.entrypoints.settings import Settings


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
    """After a restore: show what is halted, what is missing, and the next step.

    Exit code 1 while there is something to recover.
    """
    moment = None if since is None else since.replace(tzinfo=UTC)
    with settings_of(data_dir) as settings:
        status = asyncio.run(_run(settings, kind, moment, is_doing=yes_i_have_a_backup))
    _show(status)
    if status.next:
        raise typer.Exit(1)


async def _run(
    settings: Settings, kind: Kind | None, since: datetime | None, *, is_doing: bool
) -> Status:
    from payments.entrypoints import recovery
    from payments.kernel.database import create_engine

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
    """Do the next step; returns a description of what was done."""
    from payments.entrypoints import recovery

    status = await recovery.status(settings, engine)
    by = f"command line: {getpass.getuser()}"
    if status.recovery is None:
        if not status.next and kind is None:
            return "nothing to recover"
        return await recovery.begin(settings, engine, kind, since, by)
    if status.next == "accept":
        return await recovery.accept(settings, engine, status.recovery)
    if status.next == "load":
        return await recovery.load_registries(settings, engine, status.recovery)
    if status.next == "settle":
        return await recovery.settle(settings, engine, status.recovery)
    return await recovery.finish(settings, engine, status.recovery, by)


def _show(status: Status) -> None:
    from payments.entrypoints.recovery import trouble

    current = status.recovery
    if current is None:
        typer.echo("no recovery is open")
    else:
        days = ", ".join(day.isoformat() for day in current.days())
        typer.echo(
            f"recovery {current.id} ({current.kind.value}), begun {rfc3339(current.opened_at)} "
            f"by {current.opened_by}"
        )
        typer.echo(f"the gap: from {rfc3339(current.gap_from)}; registries of {days}")
    for line in trouble(status):
        typer.echo(f"- {line}")
    if status.next:
        typer.echo("effects wait (asking the provider goes on)")
        typer.echo(f"next step: {status.next}; do it with --yes-i-have-a-backup")
