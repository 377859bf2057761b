"""Turns traces on, where PAYMENTS_TRACES_URL says where they go."""

import importlib

from payments.entrypoints.settings import BadSettings, Settings
from payments.kernel import tracing


def configure_tracing(settings: Settings, role: str) -> None:
    """Install the tracer of this process. Without the setting nothing is imported or recorded."""
    if not settings.traces_url:
        return
    try:
        otel = importlib.import_module("payments.entrypoints.otel")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"opentelemetry", "payments"}:
            raise
        raise BadSettings(
            ["PAYMENTS_TRACES_URL needs an extra: pip install 'payments-platform[otel]'"]
        ) from None
    tracing.install(otel.create_tracer(settings.traces_url, role))
