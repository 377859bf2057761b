"""Builds the shop's services from settings."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncEngine

from payments.entrypoints.settings import Settings
from payments.kernel.clock import Clock
from payments.kernel.ids import new_secret
from payments.surfaces.shop.config import Administrator, ShopConfig, shop_services
from payments.surfaces.shop.signature import WebhookKey
from payments.surfaces.shop.tokens import AccessTokens
from payments.users.writes import Limits
from payments.webhooks.signing import SigningKeys

DEVELOPMENT_WEBHOOK_KEY: Final = "development-shop-webhook-key"
"""Signs top-ups in development without a configured key, so that the examples
of docs/shop.md work.
"""

_STRICT: Final = Limits(
    logins_of_one_login=10, logins_of_one_address=100, registrations_of_one_address=20
)
_GENEROUS: Final = Limits(
    logins_of_one_login=300, logins_of_one_address=6000, registrations_of_one_address=6000
)


def shop_parts(settings: Settings, engine: AsyncEngine, clock: Clock) -> Mapping[type[Any], Any]:
    """Services of the shop's handlers, by type."""
    config = ShopConfig(
        base_url=settings.base_url,
        administrator=_administrator(settings),
    )
    # Without a secret (only in development) tokens are valid until this process ends.
    secret = settings.jwt_secret.reveal() or new_secret()
    return shop_services(
        config,
        settings.database_url.reveal(),
        engine,
        clock,
        key=webhook_key(settings),
        tokens=AccessTokens(secret, clock, settings.jwt_life_s),
        limits=_limits(settings),
    )


def webhook_key(settings: Settings) -> WebhookKey:
    """The provider's keys; production does not start without one."""
    key = settings.shop_webhook_key.reveal()
    if not key and not settings.is_production:
        key = DEVELOPMENT_WEBHOOK_KEY
    assert key, "settings are checked before"
    return WebhookKey(SigningKeys(key), is_sha1_on=settings.shop_webhook_sha1 == "on")


def _administrator(settings: Settings) -> Administrator | None:
    if not settings.admin_login or not settings.admin_password:
        return None
    return Administrator(settings.admin_login, settings.admin_password.reveal())


def _limits(settings: Settings) -> Limits:
    by_profile = _STRICT if settings.is_production else _GENEROUS
    return Limits(
        logins_of_one_login=settings.shop_logins or by_profile.logins_of_one_login,
        logins_of_one_address=(settings.shop_logins_of_address or by_profile.logins_of_one_address),
        registrations_of_one_address=(
            settings.shop_registrations_of_address or by_profile.registrations_of_one_address
        ),
    )
