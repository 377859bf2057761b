"""Tasks around people: log in with a second factor, see who did what, take a list along."""

import csv
import io
from pathlib import Path

import pytest

from payments.kernel.clock import utc_now
from payments.operators.second_factor import STEP_S, code_at
from tests.browser.conftest import Person, Sits
from tests.fixtures.console import PASSWORD, Console, Desk
from tests.fixtures.console_pages import fill, one_of_each
from tests.fixtures.superpay import SuperPay

pytestmark = pytest.mark.browser


def code(secret: str, steps: int = 0) -> str:
    """The code of this moment, or of so many steps later."""
    return code_at(secret, int(utc_now().timestamp()) // STEP_S + steps)


async def test_an_invited_operator_logs_in_with_a_second_factor(
    superpay: SuperPay, sits: Sits
) -> None:
    admin = await sits("root", "admin")
    await admin.open("/console/operators")
    await admin.check()
    await admin.fill("Login", "olga")
    await admin.choose("Role", "operator")
    await admin.page.get_by_label("must use a second factor").check()
    await admin.press("Invite")
    shown = await admin.reads()
    assert "Give this link to olga" in shown, shown
    link = await admin.page.locator("code.link").inner_text()
    await admin.check()

    browser = admin.page.context.browser
    assert browser is not None
    context = await browser.new_context(base_url=str(superpay.http.base_url))
    olga = Person(Desk(superpay.http, "olga", ""), await context.new_page())
    await olga.open(f"/console/link/{link.rpartition('/')[2]}")
    await olga.check()
    await olga.fill("Password", PASSWORD)
    await olga.fill("The same again", PASSWORD)
    await olga.press("Set password")
    await olga.check()
    await log_in(olga)
    assert "requires a second factor" in await olga.reads()
    await olga.check()
    await olga.follow("Set it up")
    secret = await olga.page.locator("dd code").first.inner_text()
    await olga.fill("Code", code(secret))
    await olga.fill("Your password", PASSWORD)
    await olga.check()
    await olga.press("Turn on")
    recovery = await olga.page.locator(".codes code").first.inner_text()
    await olga.check()
    await olga.follow("To the console")
    assert "Waits for somebody" in await olga.reads()
    for given in (code(secret, 1), recovery):
        await olga.press("Log out")
        await log_in(olga)
        await olga.follow("Give the code")
        await olga.check()
        await olga.fill("Code of your authenticator", given)
        await olga.press("Go on")
        assert "Waits for somebody" in await olga.reads(), given


async def log_in(person: Person) -> None:
    """Type login and password into the form."""
    await person.fill("Login", "olga")
    await person.fill("Password", PASSWORD)
    await person.press("Log in")


async def test_who_did_what(superpay: SuperPay, sits: Sits) -> None:
    wallet = await superpay.wallet()
    anna, vera = await sits("anna"), await sits("vera", "viewer")
    await anna.desk.act(
        f"/console/wallets/{wallet}/freeze", reason="a court's order <b>17</b>", direction="both"
    )
    await vera.open("/console/actions")
    await vera.check()
    await vera.fill("Who", "anna")
    await vera.press("Filter")
    await vera.follow("wallet.freeze")
    shown = await vera.reads()
    assert "anna, from 127.0.0.1" in shown
    assert "a court's order <b>17</b>" in shown
    assert "Before status active" in shown
    assert "After status frozen" in shown
    await vera.shot("action")
    await vera.check()


def text_of(path: Path) -> str:
    """What a file that was taken along says."""
    return path.read_text(encoding="utf-8-sig")


async def test_what_is_filtered_is_taken_along_as_csv(superpay: SuperPay, sits: Sits) -> None:
    wallets = [await superpay.wallet() for _ in range(3)]
    vera = await sits("vera", "viewer")
    await vera.open("/console/transactions")
    await vera.fill("Wallet id", str(wallets[1]))
    await vera.press("Filter")
    async with vera.page.expect_download() as download:
        await vera.page.get_by_role("link", name="CSV of what is filtered").click()
    text = text_of(await (await download.value).path())
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["Kind"], row["Amount"]) for row in rows] == [("wallet.adjust", "1000.00")]
    await vera.check()


@pytest.mark.parametrize("dark", [False, True])
async def test_every_page_is_read_on_a_phone(superpay: SuperPay, sits: Sits, *, dark: bool) -> None:
    """One address of each route, over books of hostile words, 360 pixels wide."""
    await superpay.payout(await superpay.wallet(), "a description " + "without_a_blank" * 12)
    await Console(superpay.http, superpay.platform).desk("somebody.with.a.long.name@example.com")
    admin = await sits("root", "admin", width=360, dark=dark)
    await fill(superpay, admin.desk)
    for path in (await one_of_each(superpay, admin.desk)).values():
        await admin.open(path)
        await admin.check()
