"""docs/event-examples-superpay.md holds events of payouts, deposits, registries and their breaks.

Made like docs/event-examples.md: look at the difference and copy it. One thing happens after the
other, and of each type the first event is shown, so the page does not depend on what is faster.
"""

import json
import re
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest

from payments.deposits.check import OPERATION as CHECK_DEPOSIT
from payments.deposits.check import CheckDeposit
from payments.deposits.observe import OPERATION as OBSERVE_DEPOSIT
from payments.deposits.observe import ObserveDeposit
from payments.operations.operation import Operation
from payments.operations.submit import fresh
from payments.payouts.check import OPERATION as CHECK_PAYOUT
from payments.payouts.check import CheckPayout
from payments.payouts.observe import OPERATION as OBSERVE_PAYOUT
from payments.payouts.observe import ObservePayout
from payments.payouts.resolve import OPERATION as RESOLVE_PAYOUT
from payments.payouts.resolve import ResolvePayout
from payments.payouts.submit import OPERATION as SUBMIT_PAYOUT
from payments.payouts.submit import SubmitPayout
from payments.provider.sighting import Source
from scheduler.jobs import expire_holds
from tests.architecture.sources import ROOT
from tests.fixtures.platform import DEADLINE_S, api_key, eventually
from tests.fixtures.superpay import SuperPay
from tests.fixtures.told import assert_told_as_got
from tests.flows.settlement import PAST, happened, line, registry, upload
from tests.flows.test_event_examples import replaced

PAGE = "docs/event-examples-superpay.md"
TITLE = """# Examples of events: SuperPay

Made by `tests/flows/test_event_examples_of_superpay.py` from the real thing, as
[event-examples.md](event-examples.md) is. [events.md](events.md) lists every type.
"""
OURS: Final = ("break.", "deposit.", "payout.", "registry.", "hold.expired")
NOBODYS: Final = UUID("019abf1e-6a32-7bd3-a1cf-ffffffffffff")
URLS: Final = {"success_url": "https://example.com/s", "failure_url": "https://example.com/f"}
VARYING: Final = (
    (re.compile(r'("sequence": )\d+'), r"\g<1>1"),
    (re.compile(r'("age_s": )\d+'), r"\g<1>0"),
    (re.compile(r'("merchant_id": )\d+'), r"\g<1>1001"),
    (re.compile(r'("(?:provider_)?transaction_id": )"sp_[\w-]+"'), r'\g<1>"sp_1001"'),
    (re.compile(r'("line_id": )"l\d+"'), r'\g<1>"l1001"'),
    (re.compile(r"http://127\.0\.0\.1:\d+/pay/[\w-]+"), "https://superpay.example/pay/1001"),
    (re.compile(r'("(?:date|day)": )"20\d\d-\d\d-\d\d"'), r'\g<1>"2026-11-26"'),
)
"""What differs from run to run besides ids and times."""


@pytest.fixture
def superpay_overrides() -> dict[str, Any]:
    """No answer is late on a busy machine: a payout in doubt is one that the simulator cut off."""
    return {"superpay_timeout_s": 10}


async def seen(superpay: SuperPay, *types: str) -> None:
    """Wait until there is an event of each of these types."""
    for type_ in types:

        async def there(type_: str = type_) -> bool:
            return bool((await superpay.get(f"/v1/events?type={type_}"))["items"])

        await eventually(there)


async def refused(superpay: SuperPay, operation: Operation[Any], intent: Any) -> None:
    """What only the product itself submits, about something that does not exist."""
    ticket = await superpay.platform.submitter(fresh(operation, intent, actor="system"), DEADLINE_S)
    assert ticket.decision is not None
    assert ticket.decision.status == "rejected", ticket.decision


async def a_payout_in_doubt(superpay: SuperPay, wallet: int) -> None:
    """Sent, asked about, and resolved by two operators after a first proposal was taken back."""
    payout = await superpay.payout(wallet, "sim:stuck sim:lose-callbacks")
    await superpay.reaches("payouts", payout, "accepted")
    await superpay.post(f"/v1/payouts/{payout}/cancel", {})
    superpay.start_beat()
    await seen(superpay, "payout.checked", "payout.observed")
    await superpay.stop_beat()
    path = f"/v1/payouts/{payout}/resolve"
    words = {"resolution": "failed", "reason": "it never came"}
    await superpay.post(path, words)
    taken_back = ResolvePayout(UUID(payout), "failed", "asked them again", rejects=True)
    await superpay.platform.apply(RESOLVE_PAYOUT, taken_back)
    await superpay.post(path, words)
    await superpay.post(path, words)
    await superpay.post(path, words, headers=await second(superpay))
    await superpay.reaches("payouts", payout, "failed")


async def second(superpay: SuperPay) -> dict[str, str]:
    """Headers of a second operator."""
    key = await api_key(superpay.platform, client="second operator")
    return {name.lower(): value for name, value in key.items()}


async def payouts_end(superpay: SuperPay, wallet: int) -> None:
    """In every other way."""
    for description, status in (
        ("sim:drop-after-accept sim:lose-callbacks", "unknown"),
        ("Order 17", "paid"),
        ("sim:return=0.2", "reversed"),
        ("sim:cancel", "canceled"),
        ("sim:alter-amount", "needs_operator"),
    ):
        await superpay.reaches("payouts", await superpay.payout(wallet, description), status)
    poor = {"wallet_id": wallet, "superpay_wallet_id": "W-1001", "amount": "5000"}
    await superpay.post("/v1/payouts", {**poor, "currency": "RUB"})
    check = CheckPayout(payout_id=NOBODYS, checks=0, resend_after_s=1)
    await refused(superpay, CHECK_PAYOUT, check)
    await refused(superpay, OBSERVE_PAYOUT, ObservePayout(NOBODYS, Source.QUERY))
    await refused(superpay, SUBMIT_PAYOUT, SubmitPayout(NOBODYS))


async def deposits_end(superpay: SuperPay, wallet: int) -> None:
    """Paid in every way, and not at all."""
    deposit = await superpay.deposit(wallet, "Order 18 sim:lose-callbacks")
    await superpay.reaches("deposits", deposit, "pending")
    superpay.start_beat()
    await seen(superpay, "deposit.checked", "deposit.observed")
    await superpay.stop_beat()
    deposit = await superpay.deposit(wallet, "Order 19")
    shown = await superpay.reaches("deposits", deposit, "pending")
    await superpay.admin("POST", f"transactions/{shown['merchant_id']}/expire", {})
    await superpay.reaches("deposits", deposit, "expired")
    for fault, status in (
        ("auto-pay", "credited"),
        ("underpay", "underpaid"),
        ("overpay", "overpaid"),
        ("late-pay", "paid_late"),
        ("pay-currency", "currency_mismatch"),
        ("fail", "failed"),
    ):
        await superpay.reaches("deposits", await superpay.deposit(wallet, f"sim:{fault}"), status)
    deposit = await superpay.deposit(wallet, "Order 20")
    shown = await superpay.reaches("deposits", deposit, "pending")
    await superpay.post(f"/v1/wallets/{wallet}/freeze")
    await superpay.admin("POST", f"transactions/{shown['merchant_id']}/pay", {})
    await superpay.reaches("deposits", deposit, "in_suspense")
    await superpay.post(f"/v1/wallets/{wallet}/unfreeze")
    body = {"wallet_id": wallet, "amount": "1", "currency": "USD", **URLS}
    await superpay.post("/v1/deposits", body)
    await refused(superpay, CHECK_DEPOSIT, CheckDeposit(NOBODYS, 0))
    await refused(superpay, OBSERVE_DEPOSIT, ObserveDeposit(NOBODYS, Source.QUERY))


async def a_break(superpay: SuperPay, wallet: int) -> None:
    """A registry says another amount, then yet another; it is resolved, and there again."""
    payout = await superpay.payout(wallet)
    number = (await superpay.reaches("payouts", payout, "paid"))["merchant_id"]
    await happened(superpay, number)
    await upload(superpay, registry(line(number, amount="9.00")))
    (found,) = (await superpay.get("/v1/reconciliation/breaks"))["items"]
    path = f"/v1/reconciliation/breaks/{found['break_id']}"
    await superpay.http.post(f"{path}/assign", json={"assignee": "ann"})
    await upload(superpay, registry(line(number, amount="8.00")))
    ledger = {"from": "suspense", "to": f"wallet:{wallet}", "amount": "1", "currency": "RUB"}
    await superpay.post(f"{path}/resolve", {"reason": "they paid less", "ledger": ledger})
    await superpay.post(f"{path}/resolve", {"reason": "their mistake"})
    await superpay.post(f"{path}/resolve", {"reason": "their mistake"})
    await upload(superpay, registry(line(number, amount="7.00")))


async def test_the_examples_are_what_happens(superpay: SuperPay, tmp_path: Path) -> None:
    await superpay.stop_beat()
    wallet = await superpay.wallet()
    hold = {"wallet_id": wallet, "amount": "1", "currency": "RUB", "expires_in_s": 1}
    await superpay.post("/v1/holds", hold)
    await a_payout_in_doubt(superpay, wallet)  # first: nothing but the beat moves it
    await a_break(superpay, wallet)
    await payouts_end(superpay, wallet)
    await deposits_end(superpay, wallet)
    await superpay.post("/v1/reconciliation/registries/fetch", {"date": PAST})
    await expire_holds.run(superpay.tools)
    await seen(superpay, "hold.expired", "registry.requested")
    events = (await superpay.get("/v1/events?limit=1000"))["items"]
    first: dict[str, Any] = {}
    for event in events:
        if event["type"].startswith(OURS):
            first.setdefault(event["type"], event)
    await assert_told_as_got(superpay.http, {}, events)
    shown = [
        f"## {type_}\n\n```json\n{json.dumps(first[type_], indent=2, ensure_ascii=False)}\n```\n"
        for type_ in sorted(first)
    ]
    page = replaced("\n".join([TITLE, *shown]))
    for pattern, plain in VARYING:
        page = pattern.sub(plain, page)
    (tmp_path / "page.md").write_text(page)
    path = ROOT / PAGE
    assert path.exists(), f"copy {tmp_path / 'page.md'} to {PAGE}"
    assert path.read_text() == page, f"look at {tmp_path / 'page.md'}, copy it to {PAGE}"
