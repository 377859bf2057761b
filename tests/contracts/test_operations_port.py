"""In production metrics and documentation are at a port of their own, and nothing else is there."""

from collections.abc import AsyncIterator
from typing import Any, Final

import httpx
import pytest

from payments.entrypoints.settings import Profile
from tests.contracts.test_default_deny import production
from tests.fixtures.platform import Platform
from tests.fixtures.wire import served

INSIDE: Final = ("/metrics", "/schema", "/schema/openapi.json", "/schema/assets/start.js")
HEALTH: Final = ("/health/live", "/health/ready")


@pytest.fixture(params=[Profile.PRODUCTION, Profile.DEVELOPMENT], ids=lambda p: p.value)
def settings_overrides(request: pytest.FixtureRequest) -> dict[str, Any]:
    return {**production(), "env": request.param}


@pytest.fixture
async def bases(platform: Platform) -> AsyncIterator[tuple[str, str]]:
    async with served(platform.settings, places=2) as (public, operations):
        yield f"http://127.0.0.1:{public}", f"http://127.0.0.1:{operations}"


@pytest.mark.case("P6")
async def test_metrics_and_documentation_are_not_at_the_public_port_of_production(
    platform: Platform, bases: tuple[str, str]
) -> None:
    public, operations = bases
    expected = 404 if platform.settings.is_production else 200
    async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
        for path in INSIDE:
            assert (await http.get(operations + path)).status_code == 200, path
            for way in (path, f"{path}/", f"{path}?x=1", path.replace("m", "%6d", 1)):
                assert (await http.get(public + way)).status_code == expected, way
            sneaky = {"Host": operations.removeprefix("http://"), "X-Forwarded-Port": "9100"}
            assert (await http.get(public + path, headers=sneaky)).status_code == expected
        for path in HEALTH:
            assert (await http.get(public + path)).status_code == 200
            assert (await http.get(operations + path)).status_code == 200


@pytest.mark.case("P6")
async def test_the_operations_port_moves_no_money(bases: tuple[str, str]) -> None:
    _, operations = bases
    async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
        for path in ("/api/v1/wallet", "/v1/wallets", "/payment/webhook", "/schema/../v1/wallets"):
            answer = await http.post(operations + path, json={"user_id": 1})
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
