"""Demo data and the administrator by the command line."""

from typing import Any

import pytest
from typer.testing import CliRunner

from payments.entrypoints.cli import app
from payments_tools.demo.shop import PRODUCTS, USERS, seed
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import Platform
from tests.fixtures.shop import SETTINGS, Client, Shop


@pytest.fixture
def settings_overrides() -> dict[str, Any]:
    return SETTINGS


async def test_demo_data_can_be_tried_at_once_and_come_once(shop: Shop) -> None:
    said: list[str] = []
    for _ in range(2):
        said.clear()
        await seed(shop.platform.engine, shop.platform.submitter, said.append)
    assert len(said) == 1 + len(USERS)
    login, password = USERS[0]
    assert login in said[1]
    assert password in said[1]
    headers = await shop.login(login, password)
    products = (await shop.http.get("/shop/products", headers=headers)).json()["items"]
    assert len(products) == len(PRODUCTS)
    alice = Client(0, login, headers)
    assert await shop.balances(alice) == {700_001: 1500, 700_002: 250.5}
    cheapest = min(products, key=lambda p: p["price"])
    bought = await shop.buy(alice, cheapest["product_id"], 700_001)
    assert (bought.status_code, bought.json()["balance"]) == (201, 1301)
    await assert_invariants(shop.platform.database_url, shop.platform.redis_url)


def test_an_administrator_by_command(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYMENTS_DATABASE_URL", platform.database_url)
    monkeypatch.setenv("PAYMENTS_REDIS_URL", platform.redis_url)
    monkeypatch.delenv("PAYMENTS_ADMIN_PASSWORD", raising=False)
    command = ["users", "create-admin", "--login", "boss"]
    made = CliRunner().invoke(app, command)
    assert made.exit_code == 0, made.output
    password = made.stdout.strip()
    assert len(password) >= 16
    monkeypatch.setenv("PAYMENTS_ADMIN_PASSWORD", password)
    again = CliRunner().invoke(app, command)
    assert (again.exit_code, again.stdout) == (0, "")
    assert "as it was" in again.stderr
    monkeypatch.setenv("PAYMENTS_ADMIN_PASSWORD", "short")
    assert CliRunner().invoke(app, command).exit_code == 2
