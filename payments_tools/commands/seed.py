"""`payments seed NAME …`: demo data, each kind in a module of `payments_tools.demo`."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from payments.entrypoints.commands.context import DataDir, settings_of

if TYPE_CHECKING:
    from payments.entrypoints.settings import Settings

SEEDS: Final = ("organizations", "bank", "shop")


def seed(
    names: Annotated[list[str], typer.Argument(help=f"One or more of {', '.join(SEEDS)}.")],
    data_dir: DataDir = None,
) -> None:
    """Demo data. Repeating it changes nothing."""
    for name in names:
        if name not in SEEDS:
            raise typer.BadParameter(f"{name} is none of {', '.join(SEEDS)}")
    with settings_of(data_dir) as settings:
        main(names, settings)


def add_to(app: typer.Typer) -> None:
    """Add `payments seed`."""
    app.command()(seed)


def main(names: Sequence[str], settings: Settings) -> None:
    """Load demo data and print it to stdout; repeating it changes nothing."""
    from payments.entrypoints.logging import configure_logging

    if settings.is_production:
        raise typer.BadParameter("demo data do not belong in production")
    configure_logging("warning", "seed")  # to stderr: stdout is for people
    modules = [importlib.import_module(f"payments_tools.demo.{name}") for name in names]
    asyncio.run(_run([module.seed for module in modules], settings))


async def _run(seeds: Sequence[Callable[..., Awaitable[None]]], settings: Settings) -> None:
    """Give each seed an engine, a submitter and a way to print."""
    from payments.entrypoints.deciding import deciding

    async with deciding(settings) as (engine, submitter):
        for seed in seeds:
            await seed(engine, submitter, typer.echo)
