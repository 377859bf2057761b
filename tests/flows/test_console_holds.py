"""Holds in the console: what is kept aside for whom, and letting a client's hold go."""

import httpx

from tests.fixtures.console import Console
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import Platform
from tests.fixtures.superpay import SuperPay
from tests.flows.native import WAIT, funded, money

PATH = "/console/holds"
HOSTILE = "<script>alert(1)</script>\"'"


async def held(native: httpx.AsyncClient, wallet: int, amount: str = "30.00") -> str:
    body = {"wallet_id": wallet, "amount": amount, "currency": "RUB", "description": HOSTILE}
    answer = await native.post("/v1/holds", json=body, headers=WAIT)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["hold_id"])


async def test_a_hold_is_found_and_released(
    console: Console, native: httpx.AsyncClient, platform: Platform
) -> None:
    wallet = await funded(native, "100.00")
    hold = await held(native, wallet)
    anna = await console.desk("anna")
    listed = await anna.get(f"{PATH}?status=open&wallet_id={wallet}&purpose=hold")
    assert hold in listed.html
    page = await anna.get(f"{PATH}/{hold}")
    for shown in (listed, page):
        assert "<script>alert" not in shown.html
        assert "30.00 RUB" in shown.text
    done = await anna.act(f"{PATH}/{hold}/release", reason="the order was canceled")
    assert "applied hold.release: Done." in done.text
    assert "the order was canceled" in done.text
    assert await money(native, wallet) == ("100.00", "100.00", "0.00")
    assert "Nothing matches" in (await anna.get(f"{PATH}?status=open")).text
    assert hold in (await anna.get(f"{PATH}?status=closed&format=csv")).html
    again = await anna.act(f"{PATH}/{hold}/release")
    assert "rejected hold.release" in again.text
    await assert_invariants(platform.database_url, platform.redis_url)


async def test_holds_come_in_pages(console: Console, native: httpx.AsyncClient) -> None:
    wallet = await funded(native, "100.00")
    ids = [await held(native, wallet, "1.00") for _ in range(3)]
    vera = await console.desk("vera", "viewer")
    first = await vera.get(f"{PATH}?limit=2&wallet_id={wallet}")
    following = first.html.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
    second = await vera.get(following.replace("&amp;", "&"))
    shown = [[hold in page.html for hold in ids] for page in (first, second)]
    assert shown == [[False, True, True], [True, False, False]]
    assert "Release" not in (await vera.get(f"{PATH}/{ids[0]}")).text.partition("Released")[0]


async def test_the_hold_of_a_payout_is_not_released_here(superpay: SuperPay) -> None:
    wallet = await superpay.wallet()
    await superpay.post("/v1/superpay/pause", {"reason": "incident"})
    payout = await superpay.payout(wallet)
    anna = await Console(superpay.http, superpay.platform).desk("anna")
    assert payout in (await anna.get(f"{PATH}?status=open&purpose=payout")).html
    page = await anna.get(f"{PATH}/{payout}")
    assert "It belongs to a payout" in page.text
    refused = await anna.act(f"{PATH}/{payout}/release")
    assert refused.status == 404
    assert await superpay.money(wallet) == ("1000.00", "10.00")
