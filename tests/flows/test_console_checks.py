"""Checks in the console: running them, and a broken one explained."""

import asyncio

import httpx

from tests.fixtures.console import Console
from tests.fixtures.platform import Platform
from tests.flows.native import funded

PATH = "/console/checks"


async def test_the_checks_run_and_hold(console: Console, native: httpx.AsyncClient) -> None:
    await funded(native, "5.00")
    anna = await console.desk("anna")
    assert "Run all checks now" in (await anna.get(PATH)).text
    page = await anna.post(f"{PATH}/run")
    assert (page.status, "all hold" in page.text) == (200, True), page.text
    assert "money sums to zero" in page.text
    assert "checks.run" in page.text


async def test_a_broken_one_is_explained(
    console: Console, native: httpx.AsyncClient, platform: Platform
) -> None:
    wallet = await funded(native, "5.00")
    async with platform.connection() as connection:
        query = "UPDATE accounts SET credits_posted = credits_posted + 1 WHERE id = $1"
        await connection.execute(query, wallet)
    anna = await console.desk("anna")
    page = await anna.post(f"{PATH}/run")
    assert "found a contradiction" in page.text
    assert "It should hold that" in page.text
    assert f"wallet:{wallet}" in page.text
    assert "Pause payouts" in page.text


async def test_one_run_at_a_time(console: Console) -> None:
    anna, boris = await console.desk("anna"), await console.desk("boris")
    pages = await asyncio.gather(anna.post(f"{PATH}/run"), boris.post(f"{PATH}/run"))
    assert sorted(page.status for page in pages) == [200, 409]


async def test_who_only_looks_runs_nothing(console: Console) -> None:
    vera = await console.desk("vera", "viewer")
    assert "Run all checks now" not in (await vera.get(PATH)).text
    assert (await vera.post(f"{PATH}/run")).status == 403
