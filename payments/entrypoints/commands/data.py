"""`migrate`: the schema."""

import importlib

import typer

from payments.entrypoints.commands.context import DataDir, settings_of


def migrate(data_dir: DataDir = None) -> None:
    """Bring the database to the newest schema; several at once wait for each other."""
    run = importlib.import_module("migrations.run")
    with settings_of(data_dir) as settings:
        run.migrate(settings.database_url.reveal())
    typer.echo("schema: up to date", err=True)
