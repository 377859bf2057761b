"""Codes: five tries in all, ten minutes, money looked at again; what is paid is paid once."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from payments.banks import writes
from payments.banks.queries import due_confirmations
from payments.kernel.clock import utc_now
from scheduler.job import Tools
from scheduler.jobs import expire_confirmations
from tests.fixtures.banks import Marketplace, bank_settings
from tests.fixtures.platform import Platform, eventually

MANY = 50


@pytest.fixture
def settings_overrides(tmp_path: Path) -> dict[str, Any]:
    """Mail becomes files of this test."""
    return bank_settings(tmp_path)


def outcomes(answers: list[httpx.Response]) -> Counter[tuple[int, str]]:
    """How many answers of each status and code."""
    return Counter((a.status_code, a.json().get("code") or a.json()["status"]) for a in answers)


async def in_ten_minutes(marketplace: Marketplace, operation_key: str) -> None:
    """Make a payment's time be over."""
    async with marketplace.platform.connection() as connection:
        await connection.execute(
            "UPDATE bank_payments SET expires_at = now() WHERE operation_key = $1", operation_key
        )


def tools(platform: Platform) -> Tools:
    """What the scheduler's jobs work with, a little later than now."""
    return Tools(
        engine=platform.engine,
        redis=platform.redis,
        submitter=platform.submitter,
        clock=lambda: utc_now() + timedelta(seconds=2),
        database_url=platform.database_url,
        redis_url=platform.redis_url,
    )


async def test_fifty_confirms_at_once_pay_once(marketplace: Marketplace) -> None:
    key = await marketplace.pay("1xf3g", "2mzp5", "2000")
    code = await marketplace.code(key)
    answers = await asyncio.gather(*(marketplace.confirm(key, code) for _ in range(MANY)))
    assert outcomes(list(answers)) == {(200, "success"): MANY}
    assert await marketplace.balances() == ("8000", "300000", "26900")


@pytest.mark.case("S2")
async def test_prefer_says_how_long_a_marketplace_waits(marketplace: Marketplace) -> None:
    body = {
        "api_key": marketplace.api_key,
        "number_invoice_customer": "1xf3g",
        "number_invoice_seller": "1ck3l",
        "price": "1",
    }
    waited = await marketplace.client.post("/bank/pay", json=body, headers={"Prefer": "wait=9"})
    assert (waited.status_code, waited.headers["preference-applied"]) == (200, "wait")
    await marketplace.platform.stop_consumer()
    late = await marketplace.client.post("/bank/pay", json=body, headers={"Prefer": "wait=1"})
    assert (late.status_code, late.json()["status"]) == (202, "accepted")
    await marketplace.platform.start_consumer()


async def test_guessing_from_many_connections_gets_five_tries_in_all(
    marketplace: Marketplace,
) -> None:
    key = await marketplace.pay("1xf3g", "2mzp5", "2000")
    code = await marketplace.code(key)
    guesses = [f"{n:06d}" for n in range(MANY) if f"{n:06d}" != code]
    answers = await asyncio.gather(*(marketplace.confirm(key, guess) for guess in guesses))
    assert outcomes(list(answers)) == {
        (403, "bad_code"): 5,
        (410, "confirmation_expired"): len(guesses) - 5,
    }
    tries = sorted(a.json()["tries_left"] for a in answers if a.status_code == 403)
    assert tries == [0, 1, 2, 3, 4]
    late = await marketplace.confirm(key, code)
    assert (late.status_code, late.json()["code"]) == (410, "confirmation_expired")
    assert await marketplace.balances() == ("10000", "300000", "25000")


async def test_right_codes_among_wrong_ones_pay_at_most_once(marketplace: Marketplace) -> None:
    key = await marketplace.pay("1xf3g", "2mzp5", "2000")
    code, wrong = await marketplace.code(key), await marketplace.wrong_code(key)
    answers = await asyncio.gather(
        *(marketplace.confirm(key, code if n % 2 else wrong) for n in range(20))
    )
    seen = outcomes(list(answers))
    paid = await marketplace.balance("1xf3g") == "8000"
    assert seen[403, "bad_code"] <= 5
    assert paid == bool(seen[200, "success"])
    assert set(seen) <= {
        (200, "success"),
        (403, "bad_code"),
        (409, "already_confirmed"),
        (410, "confirmation_expired"),
    }


async def test_four_wrong_codes_and_then_the_right_one(marketplace: Marketplace) -> None:
    key = await marketplace.pay("1xf3g", "2mzp5", "2000")
    wrong = await marketplace.wrong_code(key)
    for left in (4, 3, 2, 1):
        answer = await marketplace.confirm(key, wrong)
        assert (answer.status_code, answer.json()["tries_left"]) == (403, left)
    assert (await marketplace.confirm(key, await marketplace.code(key))).status_code == 200
    again = await marketplace.confirm(key, wrong)
    assert (again.status_code, again.json()["code"]) == (409, "already_confirmed")


async def test_a_code_is_good_for_its_own_payment_alone(marketplace: Marketplace) -> None:
    first = await marketplace.pay("1xf3g", "2mzp5", "100")
    second = await marketplace.pay("1xf3g", "2mzp5", "100")
    codes = await marketplace.code(first), await marketplace.code(second)
    assert codes[0] != codes[1], "one in a million"
    answer = await marketplace.confirm(second, codes[0])
    assert (answer.status_code, answer.json()["code"]) == (403, "bad_code")
    assert (await marketplace.confirm(first, codes[0])).status_code == 200


async def test_ten_minutes_later_it_is_gone_and_the_scheduler_closes_it(
    marketplace: Marketplace,
) -> None:
    platform = marketplace.platform
    key = await marketplace.pay("1xf3g", "2mzp5", "2000")
    code = await marketplace.code(key)
    now = utc_now()
    assert await due_confirmations(platform.engine, now) == []
    assert [
        d.operation_key
        for d in await due_confirmations(platform.engine, now + timedelta(minutes=11))
    ] == [key]
    await in_ten_minutes(marketplace, key)
    shown = await marketplace.call("operation", operation_key=key)
    assert shown.json()["status"] == "expired"
    assert await expire_confirmations.run(tools(platform)) == 1
    await platform.settled()
    assert await due_confirmations(platform.engine, now + timedelta(minutes=11)) == []
    assert await expire_confirmations.run(tools(platform)) == 0
    late = await marketplace.confirm(key, code)
    assert (late.status_code, late.json()["code"]) == (410, "confirmation_expired")


async def test_a_late_code_closes_it_too(marketplace: Marketplace) -> None:
    key = await marketplace.pay("1xf3g", "2mzp5", "2000")
    code = await marketplace.code(key)
    await in_ten_minutes(marketplace, key)
    late = await marketplace.confirm(key, code)
    assert (late.status_code, late.json()["code"]) == (410, "confirmation_expired")
    status = await marketplace.platform.value("SELECT status FROM bank_payments")
    assert status == "expired"


async def test_money_is_looked_at_again(marketplace: Marketplace) -> None:
    first = await marketplace.pay("1xf3g", "1ck3l", "9000")
    second = await marketplace.pay("1xf3g", "2mzp5", "9000")
    assert (await marketplace.confirm(first, await marketplace.code(first))).status_code == 200
    poor = await marketplace.confirm(second, await marketplace.code(second))
    assert (poor.status_code, poor.json()["code"]) == (402, "insufficient_funds")
    # Nothing is lost: with the money back, the same code pays.
    assert (await marketplace.refund(first)).status_code == 200
    assert (await marketplace.confirm(second, await marketplace.code(second))).status_code == 200
    assert await marketplace.balance("1xf3g") == "1000"


async def test_without_money_there_is_no_mail(marketplace: Marketplace) -> None:
    answer = await marketplace.call(
        "pay", number_invoice_customer="1xf3g", number_invoice_seller="2mzp5", price="10001"
    )
    assert (answer.status_code, answer.json()["code"]) == (402, "insufficient_funds")
    key = await marketplace.pay("1xf3g", "2mzp5", "51")
    await marketplace.mail(key)
    assert len(list((marketplace.platform.settings.data_dir / "mail").iterdir())) == 1


async def test_terms_are_those_of_the_request(marketplace: Marketplace) -> None:
    key = await marketplace.pay("1xf3g", "2mzp5", "2000")
    await writes.put_tariff(marketplace.platform.engine, (1, 2), percent="50", min_minor=0)
    await marketplace.confirm(key, await marketplace.code(key))
    assert await marketplace.balance("2mzp5") == "26900"
    dear = await marketplace.paid("1xf3g", "2mzp5", "2000")
    shown = await marketplace.call("operation", operation_key=dear)
    assert shown.json()["fee"] == "1000"


async def test_another_marketplaces_keys_open_nothing(
    marketplace: Marketplace, other: Marketplace
) -> None:
    key = await marketplace.pay("1xf3g", "2mzp5", "2000")
    code = await marketplace.code(key)
    for answer in (
        await other.confirm(key, code),
        await other.call("operation", operation_key=key),
        await other.refund(key),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "operation_not_found")
    assert (await marketplace.confirm(key, code)).status_code == 200
    assert (await other.refund(key)).status_code == 404
    own = await other.paid("1ck3l", "2mzp5", "100")
    mixed = await other.refund(own, key)
    assert mixed.json()["operation_keys"] == [key]
    assert mixed.status_code == 404
    assert await marketplace.balance("1ck3l") == "299900"


async def test_a_revoked_key_opens_nothing(marketplace: Marketplace, other: Marketplace) -> None:
    assert await other.balance("1xf3g") == "10000"
    assert await writes.revoke_key(marketplace.platform.engine, utc_now, other.api_key)
    answer = await other.call("balance", number_invoice_seller="1xf3g")
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_api_key")
    assert await marketplace.balance("1xf3g") == "10000"


async def test_mail_comes_again_after_a_crash_as_the_same_message(
    marketplace: Marketplace,
) -> None:
    """The executor ran the effect, and died before it said so."""
    key = await marketplace.pay("1xf3g", "2mzp5", "2000")
    before = await marketplace.code(key)
    (file,) = (marketplace.platform.settings.data_dir / "mail").iterdir()
    file.unlink()
    payment_id = await marketplace.platform.value("SELECT id FROM bank_payments")
    entry = {
        "id": f"{payment_id}:0",
        "operation_id": str(payment_id),
        "kind": "bank_pay.send_code",
        "body": {"payment_id": str(payment_id)},
    }
    await marketplace.platform.redis.xadd(
        "pay:{p00}:effects", {b"e": httpx.Request("POST", "http://x", json=entry).content}
    )

    async def is_back() -> bool:
        return file.exists()

    await eventually(is_back)
    assert await marketplace.code(key) == before


async def test_starting_more_payments_gives_no_more_tries(
    marketplace: Marketplace, other: Marketplace
) -> None:
    """Thirty wrong codes in all, from however many connections, payments and marketplaces."""
    keys = [await marketplace.pay("1xf3g", "2mzp5", "100") for _ in range(7)]
    keys.append(await other.pay("1xf3g", "1ck3l", "10"))
    callers = [marketplace] * 7 + [other]
    codes = [await marketplace.code(key) for key in keys]
    wrong = [[f"{n:06d}" for n in range(8) if f"{n:06d}" != code] for code in codes]
    answers = await asyncio.gather(
        *(
            caller.confirm(key, guess)
            for caller, key, guesses in zip(callers, keys, wrong, strict=True)
            for guess in guesses
        )
    )
    seen = outcomes(list(answers))
    assert seen[403, "bad_code"] == 30
    assert set(seen) == {
        (403, "bad_code"),
        (410, "confirmation_expired"),
        (429, "too_many_wrong_codes"),
    }
    for caller, key, code in zip(callers, keys, codes, strict=True):
        assert (await caller.confirm(key, code)).status_code in {410, 429}
    new = await other.call(
        "pay", number_invoice_customer="1xf3g", number_invoice_seller="2mzp5", price="1"
    )
    refused = new.json()
    assert (new.status_code, refused["code"]) == (429, "too_many_wrong_codes")
    assert refused["retryable"]
    assert datetime.fromisoformat(refused["blocked_until"]) > utc_now() + timedelta(hours=23)
    assert await marketplace.balances() == ("10000", "300000", "25000")
    # The account may still be paid, and others are not concerned.
    assert await marketplace.paid("1ck3l", "1xf3g", "10")
