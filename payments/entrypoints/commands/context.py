"""Shared by commands: settings from the environment or a data directory, and running async work.

The modules of commands import their work inside the functions: importing the product takes two
seconds, which `--help` must not wait for.
"""

from __future__ import annotations

import asyncio
import importlib
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from payments.entrypoints.settings import Settings

T = TypeVar("T")

_DATABASE: Final = ("PAYMENTS_DATABASE_URL", "PAYMENTS_DATABASE_URL_FILE")

DataDir = Annotated[
    Path | None,
    typer.Option(
        help="Data directory of `payments up`, running or stopped, in place of the two URLs."
    ),
]


def role(module: str) -> Any:
    """Import a module of this package only when its command runs.

    Raises a BadParameter if this build does not have it.
    """
    try:
        return importlib.import_module(f"payments.entrypoints.{module}")
    except ModuleNotFoundError as error:
        if error.name != f"payments.entrypoints.{module}":
            raise
        raise typer.BadParameter(f"this build has no {module}") from None


@contextmanager
def settings_of(data_dir: Path | None) -> Iterator[Settings]:
    """The settings, with servers from the URLs or from the data directory.

    Servers of the data directory are started temporarily if needed.
    """
    from payments.entrypoints.environment import read_settings

    environ = dict(os.environ)
    if data_dir is None and any(environ.get(name) for name in _DATABASE):
        yield read_settings(environ)
        return
    from payments.embedded.servers import borrowed_urls

    with borrowed_urls(data_dir or Path(environ.get("PAYMENTS_DATA_DIR") or ".payments")) as urls:
        environ |= {
            "PAYMENTS_DATABASE_URL": urls.database_url,
            "PAYMENTS_REDIS_URL": urls.redis_url,
        }
        yield read_settings(environ)


def with_engine(data_dir: Path | None, work: Callable[[AsyncEngine, Settings], Awaitable[T]]) -> T:
    """Run `work` with an engine of its own."""
    from payments.kernel.database import create_engine

    async def run(settings: Settings) -> T:
        engine = create_engine(
            settings.database_url.reveal(), pool_size=1, application="payments-cli"
        )
        try:
            return await work(engine, settings)
        finally:
            await engine.dispose()

    with settings_of(data_dir) as settings:
        return asyncio.run(run(settings))
