"""One role per process: api, consumer, executor, scheduler; and `up` for all of them."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from payments.entrypoints.commands.context import role

if TYPE_CHECKING:
    from payments.entrypoints.settings import Settings

Host = Annotated[str | None, typer.Option(help="Address to listen on.")]
Port = Annotated[int | None, typer.Option(min=1, max=65535, help="Port to listen on.")]


def up(
    host: Annotated[str, typer.Option(help="Address to listen on; loopback only.")] = "127.0.0.1",
    port: Port = None,
    data_dir: Annotated[Path, typer.Option(help="Where the data live.")] = Path(".payments"),
    *,
    no_demo: Annotated[
        bool, typer.Option("--no-demo", help="No demo data in a new database.")
    ] = False,
    timings: Annotated[
        bool, typer.Option("--timings", help="Print how long each part of the start took.")
    ] = False,
) -> None:
    """Everything in one command: servers, migrations, demo data, every role."""
    raise typer.Exit(role("up").up(host, port, data_dir, demo=not no_demo, timings=timings))


def api(host: Host = None, port: Port = None) -> None:
    """The HTTP API."""
    _run("api", _settings(host, port))


def consumer() -> None:
    """Applies intents to the ledger."""
    _run("consumer", _settings())


def executor() -> None:
    """Calls outside systems: SuperPay, e-mail."""
    _run("executor", _settings())


def scheduler() -> None:
    """Runs what is due: polling, expiry, reconciliation, alarms."""
    _run("scheduler", _settings())


def settings_with(host: str | None = None, port: int | None = None) -> Settings:
    """The settings of the environment, overridden by the command line."""
    from payments.entrypoints.environment import read_settings

    overrides: dict[str, Any] = {"PAYMENTS_HOST": host, "PAYMENTS_PORT": port}
    return read_settings(
        {**os.environ, **{k: str(v) for k, v in overrides.items() if v is not None}}
    )


def _settings(host: str | None = None, port: int | None = None) -> Settings:
    settings = settings_with(host, port)
    missing = [n for n in ("database_url", "redis_url") if not getattr(settings, n)]
    if missing:
        names = " and ".join(f"PAYMENTS_{n.upper()}" for n in missing)
        raise typer.BadParameter(f"set {names}, or run `payments up`, which brings its own servers")
    return settings


def _check_durability(settings: Settings) -> None:
    """Production refuses servers that confirm what is not on disk; development only warns."""
    import structlog

    from payments.entrypoints.doctor import ATTESTED, durability
    from payments.entrypoints.settings import BadSettings

    log = structlog.get_logger(__name__)
    if settings.redis_durability == ATTESTED:
        log.warning("redis_durability_attested", reason="nobody checks what Redis keeps")
    unsafe = [f for f in asyncio.run(durability(settings)) if f.is_unsafe]
    problems = [f"{f.part} is {f.found}: {f.advice}" for f in unsafe]
    if problems and settings.is_production:
        raise BadSettings(problems)
    for text in problems:
        log.warning("not_durable", reason=text)


def _run(name: str, settings: Settings) -> None:
    from payments.entrypoints.memory import without_rich

    without_rich()
    from payments.entrypoints.logging import configure_logging
    from payments.entrypoints.metrics import ROLES, serve_metrics
    from payments.entrypoints.stopping import stop_cleanly
    from payments.entrypoints.tracing import configure_tracing
    from payments.entrypoints.waiting import look_at_servers, wait_for_servers

    stop_cleanly()
    module = role(name)
    configure_logging(settings.log_level, name)
    configure_tracing(settings, name)
    serve_metrics(settings, name)
    if name in ROLES:
        wait_for_servers(settings)
    else:
        look_at_servers(settings)  # the API answers 503 while it waits
    _check_durability(settings)
    module.main(settings)
