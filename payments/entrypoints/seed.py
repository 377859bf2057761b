"""`payments seed NAME …`: demo data, each kind in a module of `seeds`."""

import asyncio
import importlib
from collections.abc import Awaitable, Callable, Sequence

import typer

from payments.entrypoints.deciding import deciding
from payments.entrypoints.logging import configure_logging
from payments.entrypoints.settings import Settings


def main(names: Sequence[str], settings: Settings) -> None:
    """Bring demo data in; again changes nothing. What a person wants to know goes to stdout."""
    if settings.is_production:
        raise typer.BadParameter("demo data do not belong in production")
    configure_logging("warning", "seed")  # to stderr: stdout is for people
    modules = [importlib.import_module(f"payments.entrypoints.seeds.{name}") for name in names]
    asyncio.run(_run([module.seed for module in modules], settings))


async def _run(seeds: Sequence[Callable[..., Awaitable[None]]], settings: Settings) -> None:
    """Give each seed an engine, a submitter and a way to print."""
    async with deciding(settings) as (engine, submitter):
        for seed in seeds:
            await seed(engine, submitter, typer.echo)
