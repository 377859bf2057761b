"""Refunds: all or none, each once, with the fee returned or kept; books balance in every case."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from payments.banks import writes
from payments.banks.books import bank_spec
from payments.banks.status import RefundFee
from payments.entrypoints.consumer import create_consumer
from payments.kernel.clock import utc_now
from payments.ledger.chart import Kind
from tests.fixtures.banks import Marketplace, bank_settings
from tests.fixtures.platform import Platform

MANY = 50
START = ("10000", "300000", "25000")


@pytest.fixture
def settings_overrides(tmp_path: Path) -> dict[str, Any]:
    """Mail becomes files of this test."""
    return bank_settings(tmp_path)


async def held(marketplace: Marketplace, kind: Kind, bank_id: int) -> int:
    """Minor units on a bank's own account."""
    minor: int = await marketplace.platform.value(
        "SELECT coalesce(sum(credits_posted - debits_posted), 0)::bigint"
        " FROM accounts WHERE id = $1",
        bank_spec(kind, bank_id).id,
    )
    return minor


async def test_fifty_refunds_at_once_refund_once(marketplace: Marketplace) -> None:
    key = await marketplace.paid("1xf3g", "2mzp5", "2000")
    answers = await asyncio.gather(*(marketplace.refund(key) for _ in range(MANY)))
    codes = Counter(a.json().get("code", "refunded") for a in answers)
    assert codes == {"refunded": 1, "already_refunded": MANY - 1}
    assert {a.status_code for a in answers} == {200, 409}
    assert await marketplace.balances() == START


@pytest.fixture
async def second_consumer(platform: Platform) -> AsyncIterator[None]:
    """Another consumer process' worth of one: partitions are shared, rows are locked against it."""
    consumer = await create_consumer(
        platform.database_url,
        platform.redis_url,
        partitions=platform.settings.partitions,
        name="second",
    )
    running = asyncio.create_task(consumer.run(), name="second consumer")
    yield
    consumer.stop.set()
    await running
    await consumer.client.aclose()


@pytest.mark.usefixtures("second_consumer")
async def test_overlapping_lists_at_once_refund_each_payment_once(marketplace: Marketplace) -> None:
    keys = [await marketplace.paid("1ck3l", "2mzp5", "1000") for _ in range(4)]
    lists = [[a, b] for a in keys for b in keys if a != b]
    answers = await asyncio.gather(*(marketplace.refund(*each) for each in lists))
    refunded = [k for a in answers if a.status_code == 200 for k in a.json()["refunded"]]
    assert len(refunded) == len(set(refunded)) >= 2
    assert {a.status_code for a in answers} <= {200, 409}
    left = 4 - len(refunded)
    assert await marketplace.balance("1ck3l") == str(300_000 - left * 1000)


async def test_all_or_nothing(marketplace: Marketplace) -> None:
    paid = await marketplace.paid("1xf3g", "2mzp5", "2000")
    within = await marketplace.paid("1xf3g", "1ck3l", "300")
    waiting = await marketplace.pay("1xf3g", "2mzp5", "51")
    before = await marketplace.balances()
    for bad, status, code in (
        (waiting, 409, "not_refundable"),
        ("3d!", 404, "operation_not_found"),
    ):
        answer = await marketplace.refund(paid, within, bad)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.json()["operation_keys"] == [bad]
        assert await marketplace.balances() == before
    answer = await marketplace.refund(paid, within)
    assert answer.json() == {"refunded": [paid, within]}
    assert await marketplace.balances() == START


async def test_a_seller_without_the_money_is_402_and_nothing_moves(
    marketplace: Marketplace,
) -> None:
    first = await marketplace.paid("1ck3l", "2mzp5", "20000")
    second = await marketplace.paid("1ck3l", "2mzp5", "20000")
    # The seller has 25000 + 2 * 19000 and spends 30000: enough for one refund, not for two.
    await marketplace.paid("2mzp5", "1xf3g", "30000")
    before = await marketplace.balances()
    answer = await marketplace.refund(first, second)
    assert (answer.status_code, answer.json()["code"]) == (402, "insufficient_funds")
    assert await marketplace.balances() == before
    assert (await marketplace.refund(first)).status_code == 200


@pytest.mark.usefixtures("second_consumer")
async def test_a_refund_races_a_second_payment_of_the_seller(marketplace: Marketplace) -> None:
    """The seller's money goes to the refund or to its own purchase, never to both."""
    sold = await marketplace.paid("1ck3l", "2mzp5", "20000")
    bought = await marketplace.pay("2mzp5", "1xf3g", "40000")
    code = await marketplace.code(bought)
    refund, payment = await asyncio.gather(
        marketplace.refund(sold), marketplace.confirm(bought, code)
    )
    assert sorted((refund.status_code, payment.status_code)) == [200, 402]
    assert await marketplace.balance("2mzp5") in {"25000", "4000"}


@pytest.mark.parametrize(
    ("policy", "seller", "fees"),
    [(RefundFee.RETURN, "25000", 0), (RefundFee.KEEP, "24900", 10_000)],
)
async def test_the_fee_of_a_refund(
    marketplace: Marketplace, policy: RefundFee, seller: str, fees: int
) -> None:
    await writes.put_tariff(
        marketplace.platform.engine, (1, 2), percent="5", min_minor=50_00, refund_fee=policy
    )
    key = await marketplace.paid("1xf3g", "2mzp5", "2000")
    assert await held(marketplace, Kind.BANK_FEES, 1) == 10_000
    assert await held(marketplace, Kind.BANK_CLEARING, 1) == 190_000
    assert await held(marketplace, Kind.BANK_CLEARING, 2) == -190_000
    assert (await marketplace.refund(key)).status_code == 200
    assert await marketplace.balances() == ("10000", "300000", seller)
    assert await held(marketplace, Kind.BANK_FEES, 1) == fees
    assert await held(marketplace, Kind.BANK_CLEARING, 1) == -fees
    assert await held(marketplace, Kind.BANK_CLEARING, 2) == fees


@pytest.mark.case("S3")
async def test_a_fee_that_would_take_the_whole_price(marketplace: Marketplace) -> None:
    """Refused before a mail goes out; one kopeck more is a payment, and its fee is told."""
    for price in ("20", "50"):
        answer = await marketplace.call(
            "pay",
            number_invoice_customer="1xf3g",
            number_invoice_seller="2mzp5",
            price=price,
        )
        assert (answer.status_code, answer.json()["code"]) == (409, "price_within_fee")
        assert answer.json()["fee"] == "50"
    key = await marketplace.paid("1xf3g", "2mzp5", "50.01")
    assert await marketplace.balances() == ("9949.99", "300000", "25000.01")
    shown = (await marketplace.call("operation", operation_key=key)).json()
    assert (shown["fee"], shown["received"]) == ("50", "0.01")
    assert "Fee:     50 RUB, out of the amount; the seller gets 0.01 RUB" in await marketplace.mail(
        key
    )
    assert (await marketplace.refund(key)).status_code == 200
    assert await marketplace.balances() == START


@pytest.mark.case("S6")
async def test_mails_to_one_payer_are_bounded(marketplace: Marketplace, other: Marketplace) -> None:
    """A hundred requests at once are ten payments; the limit is this marketplace's alone."""
    body = {
        "number_invoice_customer": "1xf3g",
        "number_invoice_seller": "1ck3l",
        "price": "1",
    }
    answers = await asyncio.gather(*(marketplace.call("pay", **body) for _ in range(100)))
    codes = Counter((a.status_code, a.json().get("code", "")) for a in answers)
    assert codes == {(200, ""): 10, (409, "too_many_unconfirmed"): 90}
    refused = next(a for a in answers if a.status_code == 409)
    assert refused.json()["retry_at"] > utc_now().isoformat()[:19]
    keys = [a.json()["operation_key"] for a in answers if a.status_code == 200]
    for key in keys:
        await marketplace.mail(key)
    mails = marketplace.platform.settings.data_dir / "mail"
    assert len(list(mails.iterdir())) == 10
    assert (await other.call("pay", **body)).status_code == 200
    paid = await marketplace.confirm(keys[0], await marketplace.code(keys[0]))
    assert paid.status_code == 200
    assert (await marketplace.call("pay", **body)).status_code == 200
    assert (await marketplace.call("pay", **body)).status_code == 409


async def test_the_other_direction_and_the_same_bank(marketplace: Marketplace) -> None:
    back = await marketplace.paid("2mzp5", "1xf3g", "1000")
    assert await marketplace.balances() == ("10900", "300000", "24000")
    assert await held(marketplace, Kind.BANK_FEES, 2) == 100_00
    same = await marketplace.paid("1xf3g", "1ck3l", "900")
    assert await marketplace.balances() == ("10000", "300900", "24000")
    answer = await marketplace.refund(same, back)
    assert answer.status_code == 200
    assert await marketplace.balances() == START
