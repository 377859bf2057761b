"""Deposits on the simulator: the page, and payers who pay less, more, late or otherwise."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.contracts.superpay_simulator import Sandbox, running

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with running(tmp_path_factory.mktemp("superpay")) as found:
        yield found


async def test_a_deposit_is_paid_on_the_page(sandbox: Sandbox) -> None:
    mid = sandbox.new_id()
    shown = (await sandbox.deposit(mid, "Order <b>17</b>", amount="12.30")).json()
    assert (shown["status"], shown["paid_amount"], shown["paid_late"]) == ("created", None, False)
    page = await sandbox.http.get(shown["redirect_url"])
    assert page.headers["content-type"].startswith("text/html")
    assert "Order &lt;b&gt;17&lt;/b&gt;" in page.text
    assert "12.30 RUB" in page.text
    pressed = await sandbox.http.post(shown["redirect_url"], data={"action": "pay"})
    assert pressed.status_code == 303
    assert pressed.headers["location"] == "https://example.com/superpay?result=success"
    paid = await sandbox.reaches(mid, "paid")
    assert (paid["paid_amount"], paid["paid_currency"], paid["paid_late"]) == (12.3, "RUB", False)
    received = await sandbox.hears(mid, ["deposit.pending", "deposit.paid"])
    assert received[-1].event["data"] == paid
    assert b'"paid_amount":12.30,' in received[-1].body
    again = await sandbox.http.post(shown["redirect_url"], data={"action": "pay"})
    assert again.status_code == 409
    assert await sandbox.movements(mid) == [("received", 1230, "RUB")]


@pytest.mark.parametrize(
    ("button", "status", "paid"),
    [
        ("less", "paid", (1117, "RUB")),
        ("more", "paid", (4468, "RUB")),
        ("other", "paid", (2234, "USD")),
        ("decline", "failed", None),
    ],
)
async def test_the_other_buttons(
    sandbox: Sandbox, button: str, status: str, paid: tuple[int, str] | None
) -> None:
    mid = sandbox.new_id()
    page = (await sandbox.deposit(mid)).json()["redirect_url"]
    pressed = await sandbox.http.post(page, data={"action": button})
    result = "failure" if button == "decline" else "success"
    assert pressed.headers["location"] == f"https://example.com/superpay?result={result}"
    shown = await sandbox.reaches(mid, status)
    assert (shown["failure"] or {}).get("code") == ("payer_declined" if paid is None else None)
    moved = await sandbox.movements(mid)
    assert moved == ([] if paid is None else [("received", *paid)])


async def test_a_deposit_nobody_pays_expires_and_late_money_is_not_lost(tmp_path: Path) -> None:
    async with running(tmp_path, deposit_lifetime_s=0.05) as sandbox:
        mid = sandbox.new_id()
        page = (await sandbox.deposit(mid)).json()["redirect_url"]
        await sandbox.reaches(mid, "expired")
        await sandbox.http.post(page, data={"action": "pay"})
        shown = await sandbox.reaches(mid, "paid")
        assert (shown["paid_amount"], shown["paid_late"]) == (22.34, True)
        received = await sandbox.hears(mid, ["deposit.expired", "deposit.paid"])
        assert [one.type for one in received] == ["deposit.expired", "deposit.paid"]


@pytest.mark.parametrize(
    ("keyword", "paid", "late"),
    [
        ("sim:auto-pay", (2234, "RUB"), False),
        ("sim:underpay", (1117, "RUB"), False),
        ("sim:overpay", (4468, "RUB"), False),
        ("sim:pay-currency", (2234, "USD"), False),
        ("sim:late-pay", (2234, "RUB"), True),
    ],
)
async def test_deposits_that_pay_themselves(
    sandbox: Sandbox, keyword: str, paid: tuple[int, str], *, late: bool
) -> None:
    mid = sandbox.new_id()
    await sandbox.deposit(mid, keyword)
    shown = await sandbox.reaches(mid, "paid")
    assert (shown["amount"], shown["currency"]) == (22.34, "RUB")
    assert (shown["paid_amount"], shown["paid_currency"]) == (paid[0] / 100, paid[1])
    assert shown["paid_late"] is late
    before = "deposit.expired" if late else "deposit.pending"
    await sandbox.hears(mid, [before, "deposit.paid"])
    assert await sandbox.movements(mid) == [("received", *paid)]


async def test_deposits_that_fail_hang_or_lie(sandbox: Sandbox) -> None:
    failing, hanging, lying = (sandbox.new_id() for _ in range(3))
    await sandbox.deposit(failing, "sim:fail")
    await sandbox.deposit(hanging, "sim:stuck")
    await sandbox.deposit(lying, "sim:auto-pay sim:alter-amount")
    assert (await sandbox.reaches(failing, "failed"))["failure"]["code"] == "payer_declined"
    assert (await sandbox.reaches(lying, "paid"))["paid_amount"] == 23.34
    await sandbox.reaches(hanging, "pending")
    assert await sandbox.movements(hanging) == []


async def test_an_admin_pays_expires_and_declines(sandbox: Sandbox) -> None:
    paid, late, declined = (sandbox.new_id() for _ in range(3))
    for mid in (paid, late, declined):
        await sandbox.deposit(mid)
    await sandbox.sim("POST", f"transactions/{paid}/pay", {"amount": "5.00", "currency": "EUR"})
    await sandbox.reaches(paid, "paid")
    assert await sandbox.movements(paid) == [("received", 500, "EUR")]
    await sandbox.sim("POST", f"transactions/{late}/expire")
    await sandbox.sim("POST", f"transactions/{late}/pay")
    assert (await sandbox.status(late))["paid_late"] is True
    await sandbox.sim("POST", f"transactions/{declined}/decline")
    assert (await sandbox.status(declined))["status"] == "failed"
    assert (await sandbox.http.post("/_sim/transactions/1/pay")).status_code == 404
