"""What each surface needs beside the shared services: its own configuration and its way to authenticate, one line each."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from payments.entrypoints.settings import Settings
from payments.http.auth import Scheme
from payments.kernel.clock import Clock


def surface_services(
    settings: Settings, engine: AsyncEngine, clock: Clock
) -> Mapping[type[Any], Any]:
    """Values by type; a handler takes them with `service(request, ThatType)`."""
    del settings, engine, clock
    return {}


def surface_schemes(settings: Settings, engine: AsyncEngine, clock: Clock) -> Mapping[str, Scheme]:
    """Authentication schemes by the name routes use in `access(...)`."""
    del settings, engine, clock
    return {}
