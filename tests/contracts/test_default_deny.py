"""No route of the application lets a stranger in, in the production profile, whoever wrote it."""

import re
from collections.abc import Iterator
from typing import Any, Final

import httpx
import pytest

from payments.entrypoints.api import create_app
from payments.entrypoints.settings import Profile, Secret
from payments.http.auth import PUBLIC, declared_routes
from payments.http.hot import methods_of
from payments.http.openapi import declared
from tests.fixtures.platform import Platform
from tests.fixtures.shop import SETTINGS

OPEN: Final = {
    "/health/live",
    "/health/ready",
    "/metrics",
    "/schema",
    "/schema/assets/{name:str}",
    "/schema/openapi.json",
    "/console/assets/{name:str}",
    "/console/link/{token:str}",
    "/console/login",
    "/shop/auth/register",
    "/shop/auth/activate/{token:str}",
    "/shop/auth/activation-link",
    "/shop/auth/login",
}
SIGNED: Final = {"/payment/webhook", "/v1/superpay/callbacks"}
"""Declared public: the signature is over the body, and checked where the body is read."""


def production() -> dict[str, Any]:
    """Settings of the production profile."""
    names = ("walletservice_api_key", "bank_webhook_secret", "code_pepper")
    return {
        **SETTINGS,
        "env": Profile.PRODUCTION,
        "superpay_callback_secrets": Secret("whsec_" + "c2VjcmV0" * 5),
        **{name: Secret(f"a secret for {name}, long enough") for name in names},
    }


@pytest.fixture
def settings_overrides() -> dict[str, Any]:
    return production()


def routes(platform: Platform) -> Iterator[tuple[str, str, str]]:
    """Method, path and scheme of every handler."""
    for path, handler in declared_routes(create_app(platform.settings)):
        for method in methods_of(handler):
            yield method, path, declared(handler).auth


def test_what_is_open_is_open_on_purpose(platform: Platform) -> None:
    assert {path for _, path, auth in routes(platform) if auth == PUBLIC} - SIGNED == OPEN


@pytest.mark.parametrize(
    "given", ["", "Bearer x", "Basic eDp5", "Bearer pk_live_000000000000_" + "x" * 43]
)
async def test_a_stranger_is_turned_away_everywhere(
    client: httpx.AsyncClient, platform: Platform, given: str
) -> None:
    headers = {"Authorization": given} if given else {}
    seen = 0
    for method, path, auth in routes(platform):
        if path in OPEN:
            continue
        where = re.sub(r"\{\w+:\w+\}", "1", path)
        for verb in (method, "HEAD", "OPTIONS"):
            answer = await client.request(verb, where, headers=headers)
            expected = {401, 403, 405}
            if auth == PUBLIC or path.startswith("/bank/"):
                expected |= {400, 415, 422}  # credentials stand in a body, and there is none
            assert answer.status_code in expected, (verb, path, answer.status_code)
        seen += 1
    assert seen > 40
