"""Configuration of the shop, and the services built from it."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
import structlog
from litestar import Litestar
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.bills.parties import PartyFinder
from payments.http.services import Services, Time, services_of
from payments.kernel.clock import Clock
from payments.reads.gather import Gathered
from payments.surfaces.shop.signature import WebhookKey
from payments.surfaces.shop.tokens import AccessTokens
from payments.users.passwords import Passwords
from payments.users.queries import Standing, read_standings
from payments.users.writes import Attempts, Limits, ensure_admin

_ADMIN_WAIT_S: Final = 10.0
_ADMIN_AGAIN_S: Final = 1.0
_log = structlog.get_logger(__name__)

CURRENCY: Final = "RUB"
"""Currency of bills, as the webhook names none, and of products without one."""


class Administrator(msgspec.Struct, frozen=True):
    """Login and password of the administrator created at start."""

    login: str
    password: str

    def __repr__(self) -> str:
        return f"Administrator({self.login!r})"


class ShopConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`base_url` is the base of activation links."""

    base_url: str
    administrator: Administrator | None = None


class Standings(Gathered[int, Standing]):
    """Looks up whether a token's user is enabled, at each request; lookups share queries."""


def shop_services(
    config: ShopConfig,
    database_url: str,
    engine: AsyncEngine,
    clock: Clock,
    *,
    key: WebhookKey,
    tokens: AccessTokens,
    limits: Limits,
) -> Mapping[type[Any], Any]:
    """The services of the shop's handlers, by type."""
    return {
        ShopConfig: config,
        WebhookKey: key,
        AccessTokens: tokens,
        Passwords: Passwords(),
        Attempts: Attempts(engine, clock, limits),
        PartyFinder: PartyFinder(database_url),
        Standings: Standings(database_url, read_standings, "payments-standings"),
    }


@asynccontextmanager
async def shop_running(app: Litestar) -> AsyncGenerator[None]:
    """Start lookups and create the administrator; stop them when the application ends."""
    services = services_of(app)
    parties, standings = services.get(PartyFinder), services.get(Standings)
    await parties.start()
    await standings.start()
    making = asyncio.create_task(_ensure_admin(services), name="administrator")
    # The wait is short: without PostgreSQL the application starts anyway.
    await asyncio.wait({making}, timeout=_ADMIN_WAIT_S)
    try:
        yield
    finally:
        making.cancel()
        await asyncio.gather(making, return_exceptions=True)
        await standings.stop()
        await parties.stop()


async def _ensure_admin(services: Services) -> None:
    """Create the administrator, repeating until it succeeds."""
    admin = services.get(ShopConfig).administrator
    if admin is None:
        return
    engine, now = services.get(AsyncEngine), services.get(Time).now
    passwords = services.get(Passwords)
    while True:
        try:
            await ensure_admin(engine, now, passwords, admin.login, admin.password)
        except Exception as error:  # noqa: BLE001 - the database cannot be reached or is not migrated
            _log.warning("administrator_waits", error=repr(error)[:200])
            await asyncio.sleep(_ADMIN_AGAIN_S)
        else:
            return
