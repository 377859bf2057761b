"""What each surface needs besides the shared services: its configuration and authentication."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncEngine

from payments.apikeys.authenticate import KeyAuthenticator
from payments.apikeys.writes import find_key
from payments.banks.codes import Codes
from payments.endpoints.destination import Policy, Resolver
from payments.endpoints.sealing import Seal
from payments.entrypoints.console import console_running
from payments.entrypoints.outgoing import webhook_policy, webhook_seal
from payments.entrypoints.settings import Settings
from payments.entrypoints.shop import shop_parts
from payments.entrypoints.superpay import superpay_client, superpay_surface
from payments.http.auth import BEARER_KEY, Actor, Scheme
from payments.http.open_access import OpenOrKey
from payments.kernel.clock import Clock
from payments.surfaces.bankwebhook import routes as bankwebhook
from payments.surfaces.bankwebhook import signature
from payments.surfaces.console.access import CONSOLE
from payments.surfaces.console.access import SCHEME as CONSOLE_SCHEME
from payments.surfaces.marketplace.access import MARKETPLACE, marketplace_scheme
from payments.surfaces.shop.access import SCHEME as SHOP_SCHEME
from payments.surfaces.shop.access import SHOP
from payments.surfaces.shop.config import shop_running
from payments.surfaces.superpay.config import SuperPaySurface
from payments.surfaces.superpay.wallet_check import WalletCheck
from payments.surfaces.walletservice import routes as walletservice
from payments.surfaces.walletservice.enqueue import WalletCurrencies
from payments.webhooks.acceptance import RecentlyAccepted

LIFESPANS: Final = (shop_running, console_running)
"""Lifespans of surfaces, run inside those of the shared services."""


def surface_services(
    settings: Settings, engine: AsyncEngine, clock: Clock
) -> Mapping[type[Any], Any]:
    """Values by type; a handler names the type in its signature."""
    return {
        **shop_parts(settings, engine, clock),
        Codes: Codes(settings.code_pepper.reveal()),
        Seal: webhook_seal(settings),
        Policy: webhook_policy(settings),
        Resolver: Resolver(),
        WalletCurrencies: WalletCurrencies(),
        RecentlyAccepted: RecentlyAccepted(),
        SuperPaySurface: superpay_surface(settings, clock),
        WalletCheck: WalletCheck(superpay_client(settings)),
    }


def surface_schemes(settings: Settings, engine: AsyncEngine) -> Mapping[str, Scheme]:
    """Authentication schemes by the name that routes use in their `Access`."""
    return {
        CONSOLE: CONSOLE_SCHEME,
        SHOP: SHOP_SCHEME,
        MARKETPLACE: marketplace_scheme(engine),
        walletservice.AUTH: _open_or_key(settings, engine, settings.walletservice_api_key.reveal()),
        bankwebhook.AUTH_BALANCE: _open_or_key(settings, engine),
        bankwebhook.AUTH_WEBHOOK: signature.scheme(settings.bank_webhook_secret.reveal()),
    }


def _open_or_key(settings: Settings, engine: AsyncEngine, own_key: str = "") -> Scheme:
    """Open in development like the seed's examples; in production an API key or the surface's own
    key.
    """
    scopes = frozenset({walletservice.READ, walletservice.WRITE, walletservice.TRANSFER})
    client = Actor("walletservice", scopes)
    guest = None if settings.is_production else client
    keys = KeyAuthenticator(partial(find_key, engine))
    return Scheme(OpenOrKey(keys, own_key=own_key, owner=client, guest=guest), BEARER_KEY)
