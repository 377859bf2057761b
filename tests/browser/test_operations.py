"""Tasks around the money: breaks, statements, dead letters, webhooks, checks."""

from pathlib import Path

import pytest

from payments.bankpayments.writes import add_organization
from payments.kernel.clock import utc_now
from scheduler.jobs import book_statement_lines
from tests.browser.conftest import Sits
from tests.fixtures.platform import eventually
from tests.fixtures.receiving import OK, Receiver, delivering
from tests.fixtures.statement_files import onec
from tests.fixtures.superpay import SuperPay
from tests.flows.test_console_dead_letters import CURE
from tests.flows.test_statements import INN
from tests.integration.test_ledgers_word import POISON

pytestmark = pytest.mark.browser

HOSTILE = "<script>alert(3)</script>'"
UNKNOWN = "9999999999"


async def test_a_break_is_worked_through(superpay: SuperPay, sits: Sits) -> None:
    wallet = await superpay.wallet()
    payout = await superpay.payout(wallet, "sim:alter-amount")
    await superpay.reaches("payouts", payout, "needs_operator")
    anna, boris = await sits("anna"), await sits("boris")
    await anna.open("/console")
    await anna.follow("Open breaks 1")
    await anna.check()
    await anna.follow_first()
    await anna.unfold("Assign")
    await anna.fill("Reason", "I ask SuperPay")
    await anna.press("Assign")
    assert "Assignee anna" in await anna.reads()
    await anna.fill("Comment", f"Their support looks into it {HOSTILE}")
    await anna.press("Comment")
    assert "Their support looks into it" in await anna.reads()
    await anna.check()
    await anna.unfold("Resolve with a posting")
    await anna.fill("From", f"wallet:{wallet}")
    await anna.fill("To", "breaks")
    await anna.fill("Amount", "1.00")
    await anna.fill("Reason", "They took one rouble more")
    await anna.check()
    await anna.press("Ask for approval")
    await boris.open(anna.page.url)
    await boris.press("Approve")
    assert "break.resolve: Done." in await boris.reads()
    assert await superpay.money(wallet) == ("999.00", "10.00")
    await boris.open("/console/breaks?state=resolved")
    await boris.follow_first()
    await boris.unfold("Reopen")
    await boris.fill("Reason", "It was another payout")
    await boris.press("Reopen")
    assert "open" in await boris.reads()
    await boris.check()


async def test_a_statement_is_imported_and_a_payment_assigned(
    superpay: SuperPay, sits: Sits, tmp_path: Path
) -> None:
    await add_organization(superpay.platform.engine, utc_now, inn=INN, name=f"Romashka {HOSTILE}")
    path = tmp_path / "<img src=x onerror=alert(4)>.txt"
    path.write_bytes(onec([("328", 14_500_000, UNKNOWN, HOSTILE)]))
    anna, boris = await sits("anna"), await sits("boris")
    await anna.open("/console/statements")
    await anna.page.locator("input[type=file]").set_input_files(path)
    await anna.fill("Reason", "The bank's file of today")
    await anna.check()
    await anna.press("Import")
    assert "The file was imported: 1 line" in await anna.reads()
    await anna.check()

    async def booked() -> bool:
        await book_statement_lines.run(superpay.tools)
        await anna.open("/console/bank-payments?state=unmatched")
        return await anna.follow_first()

    await eventually(booked)
    assert "In suspense" in await anna.reads()
    await anna.check()
    await anna.fill("INN of the organization", INN)
    await anna.fill("Reason", "Their letter says so")
    await anna.press("Ask for approval")
    await boris.open(anna.page.url)
    await boris.check()
    await boris.press("Approve")
    assert "bank_payment.assign: Done." in await boris.reads()


async def test_dead_letters_are_tried_again_and_given_up(superpay: SuperPay, sits: Sits) -> None:
    source, destination = await superpay.wallet(), await superpay.wallet()
    async with superpay.platform.connection() as connection:
        await connection.execute(POISON)
    body = {"source_wallet_id": source, "destination_wallet_id": destination, "amount": "1.00"}
    body |= {"currency": "RUB", "description": "poison"}
    for _ in range(2):
        answer = await superpay.post("/v1/transfers", body, wait_s=30)
        assert answer.json()["status"] == "parked", answer.text
    async with superpay.platform.connection() as connection:
        await connection.execute(CURE)
    anna = await sits("anna")
    await anna.open("/console")
    await anna.follow("Dead letters 2")
    await anna.check()
    for button, word in (("Try again", "retried"), ("Give up", "discarded")):
        await anna.open("/console/dead-letters?state=parked")
        await anna.follow_first()
        await anna.check()
        await anna.unfold(button)
        await anna.fill("Reason", "The cause is gone")
        await anna.press("Give it up for good" if button == "Give up" else button)
        assert word in await anna.reads()


async def test_a_failed_delivery_is_sent_again(
    superpay: SuperPay, sits: Sits, receiver: Receiver
) -> None:
    root = await sits("root", "admin")
    await root.open("/console/webhooks")
    await root.fill("URL", receiver.url)
    await root.fill("Description", HOSTILE)
    await root.fill("Reason", "The shop asked for it")
    await root.check()
    await root.press("Register")
    assert "whsec_" in await root.reads()
    await root.check()
    receiver.says(b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno")
    await root.open("/console/webhooks")
    await root.follow_first()
    page = root.page.url
    async with delivering(superpay.platform):
        await superpay.wallet()

        async def failed() -> bool:
            await root.open(f"{page}?status=failed")
            return "wallet.opened" in await root.reads()

        await eventually(failed)
        await root.check()
        receiver.says(OK)
        await root.unfold("Send again")
        await root.fill("Reason", "They mended it")
        await root.press("Send it again")

        async def arrived() -> bool:
            await root.open(f"{page}?status=succeeded")
            return "wallet." in await root.reads()

        await eventually(arrived)


async def test_a_broken_invariant_is_explained(superpay: SuperPay, sits: Sits) -> None:
    wallet = await superpay.wallet()
    anna = await sits("anna")
    await anna.open("/console/checks")
    await anna.press("Run all checks now")
    assert "all hold" in await anna.reads()
    await anna.check()
    async with superpay.platform.connection() as connection:
        query = "UPDATE accounts SET credits_posted = credits_posted + 1 WHERE id = $1"
        await connection.execute(query, wallet)
    await anna.press("Run all checks now")
    shown = await anna.reads()
    assert "It should hold that" in shown
    assert f"wallet:{wallet}" in shown
    await anna.check()
