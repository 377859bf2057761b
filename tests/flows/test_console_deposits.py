"""Deposits in the console: where the money is, and how we know."""

import pytest

from payments.deposits.status import DepositState
from payments.surfaces.console.deposits import EXPLANATIONS
from tests.fixtures.console import Console
from tests.fixtures.superpay import SuperPay

PATH = "/console/deposits"


def test_every_state_says_where_the_money_is() -> None:
    assert set(EXPLANATIONS) == set(DepositState)


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        ("sim:auto-pay", "credited", "The wallet has it"),
        ("<script>alert(1)</script>", "pending", "Nothing has arrived yet"),
    ],
)
async def test_a_deposit_says_where_its_money_is(
    superpay: SuperPay, words: str, status: str, says: str
) -> None:
    wallet = await superpay.wallet()
    deposit = await superpay.deposit(wallet, words)
    await superpay.reaches("deposits", deposit, status)
    vera = await Console(superpay.http, superpay.platform).desk("vera", "viewer")
    listed = await vera.get(f"{PATH}?status={status}&wallet_id={wallet}")
    assert deposit in listed.html
    page = await vera.get(f"{PATH}/{deposit}")
    assert says in page.text
    for shown in (listed, page):
        assert "<script>alert" not in shown.html
    assert "What happened" in page.text
    assert deposit in (await vera.get(f"{PATH}?from_day=2026-01-01&format=csv")).html
    assert "Nothing matches" in (await vera.get(f"{PATH}?status=failed")).text
