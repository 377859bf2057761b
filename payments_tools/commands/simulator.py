"""`payments simulator`: a SuperPay that behaves, and misbehaves on demand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from payments.entrypoints.commands.roles import Host, Port, settings_with

if TYPE_CHECKING:
    from payments.entrypoints.settings import Settings
    from payments_tools.simulator import SimulatorConfig


def config_of(settings: Settings) -> SimulatorConfig:
    """The simulator's configuration from our settings: it has the same secrets."""
    from payments.entrypoints.settings import BadSettings
    from payments_tools.simulator import SimulatorConfig

    needed = ("superpay_api_key", "superpay_signing_secret", "superpay_callback_secrets")
    missing = [f"PAYMENTS_{n.upper()} is required" for n in needed if not getattr(settings, n)]
    if missing:
        raise BadSettings(missing)
    callbacks = settings.superpay_callback_secrets.reveal().split(",")
    return SimulatorConfig(
        data_dir=settings.data_dir / "simulator",
        api_key=settings.superpay_api_key.reveal(),
        request_secrets=(settings.superpay_signing_secret.reveal(),),
        callback_secrets=tuple(one.strip() for one in callbacks if one.strip()),
        callback_url=settings.superpay_callback_url or f"{settings.base_url}/v1/superpay/callbacks",
        public_url=settings.superpay_base_url or None,
    )


def simulator(host: Host = None, port: Port = None) -> None:
    """A SuperPay that behaves, and misbehaves on demand."""
    from payments.entrypoints.logging import configure_logging
    from payments.entrypoints.stopping import stop_cleanly
    from payments_tools.simulator import serve

    stop_cleanly()
    settings = settings_with(host, port)  # it needs no servers of ours
    configure_logging(settings.log_level, "simulator")
    config = config_of(settings)
    config.data_dir.mkdir(parents=True, exist_ok=True)
    serve(config, host=settings.host, port=settings.port)


def add_to(app: typer.Typer) -> None:
    """Add `payments simulator`."""
    app.command()(simulator)
