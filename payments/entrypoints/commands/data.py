"""`migrate`: the database schema."""

import importlib
from typing import Annotated

import typer

from payments.entrypoints.commands.context import DataDir, settings_of


def migrate(
    data_dir: DataDir = None,
    *,
    to: Annotated[
        str, typer.Option(help="A revision; an older one goes back, and drops what is newer.")
    ] = "head",
    yes_i_have_a_backup: Annotated[
        bool, typer.Option("--yes-i-have-a-backup", help="Needed to go back.")
    ] = False,
) -> None:
    """Migrate the database to the newest schema; concurrent runs wait for each other."""
    run = importlib.import_module("migrations.run")
    with settings_of(data_dir) as settings:
        run.migrate(settings.database_url.reveal(), to, may_go_back=yes_i_have_a_backup)
    typer.echo(f"schema: {'up to date' if to == 'head' else f'at {to}'}", err=True)
