"""`migrate` and `seed`: the schema and demo data."""

import importlib
from typing import Annotated, Final

import typer

from payments.entrypoints.commands.context import DataDir, role, settings_of

SEEDS: Final = ("organizations", "bank", "shop")


def migrate(data_dir: DataDir = None) -> None:
    """Bring the database to the newest schema; several at once wait for each other."""
    run = importlib.import_module("migrations.run")
    with settings_of(data_dir) as settings:
        run.migrate(settings.database_url.reveal())
    typer.echo("schema: up to date", err=True)


def seed(
    names: Annotated[list[str], typer.Argument(help=f"One or more of {', '.join(SEEDS)}.")],
    data_dir: DataDir = None,
) -> None:
    """Demo data."""
    for name in names:
        if name not in SEEDS:
            raise typer.BadParameter(f"{name} is none of {', '.join(SEEDS)}")
    with settings_of(data_dir) as settings:
        role("seed").main(names, settings)
