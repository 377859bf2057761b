"""docs/event-examples-banks.md holds events of marketplaces, statements, bank payments and breaks.

Made like docs/event-examples.md: look at the difference and copy it.
"""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from payments.bankpayments.matching import submit_matches
from payments.bankpayments.writes import add_organization
from payments.kernel.clock import utc_now
from tests.architecture.sources import ROOT
from tests.fixtures.banks import Marketplace, bank_settings
from tests.fixtures.platform import DEADLINE_S, Platform, api_key
from tests.fixtures.statement_files import onec, sample
from tests.fixtures.told import assert_told_as_got
from tests.flows.native import WAIT, opened
from tests.flows.test_event_data_of_banks import INN, WEBHOOK
from tests.flows.test_event_examples import replaced
from tests.flows.test_settlements import NET, load_csv, paid, settled_by
from tests.flows.test_statements import load, webhook

PAGE = "docs/event-examples-banks.md"
TITLE = """# Examples of events: banks

Made by `tests/flows/test_event_examples_of_banks.py` from the real thing, as
[event-examples.md](event-examples.md) is. [events.md](events.md) lists every type.
"""
OTHER_PARTS = ("bulk.", "registry.", "wallet.", "deposit.", "payout.")
"""Types that other pages show, or that a job makes at its own time."""
LATER = "7736050003"
"""An organization that is registered after its payment."""
SEQUENCES = re.compile(r'("sequence": )\d+')
AGES = re.compile(r'("age_s": )\d+')


@pytest.fixture
def settings_overrides(tmp_path: Path) -> dict[str, Any]:
    """Mail becomes files of this test."""
    return bank_settings(tmp_path)


async def marketplaces_pay(marketplace: Marketplace) -> None:
    """A payment that is refunded, and one whose code nobody knows."""
    key = await marketplace.paid("1xf3g", "2mzp5", "2000")
    await marketplace.refund(key)
    other = await marketplace.pay("1xf3g", "2mzp5", "2000")
    wrong = await marketplace.wrong_code(other)
    for _ in range(5):
        await marketplace.confirm(other, wrong)


async def payments_go_on(http: httpx.AsyncClient, key: dict[str, str], platform: Platform) -> None:
    """One is matched and returned, one assigned by two, and a settlement file is paid."""
    await webhook(http, 2, payer_inn=LATER, document_number="PAY-329")
    await add_organization(platform.engine, utc_now, inn=LATER, name="Vasilek")
    await submit_matches(platform.engine, platform.submitter, inn=LATER, wait_s=DEADLINE_S)
    [payment] = await payments(http, key, "matched", "PAY-329")
    await http.post(f"/v1/bank-payments/{payment}/reverse", json={"reason": "closed"}, headers=WAIT)
    await load(http, key, onec([("PAY-15", 100_000, "0", "loan")], day="28.11.2026"))
    [payment] = await payments(http, key, "unmatched", "PAY-15")
    body = {"inn": INN, "reason": "the payer's letter"}
    second = await api_key(platform, client="second operator")
    for person in (key, second):
        path = f"/v1/bank-payments/{payment}/assign"
        await http.post(path, json=body, headers=person | WAIT)
    await load_csv(http, key)
    await settled_by(http, key)
    await load(http, key, paid(NET, day="29.11.2026", opening=100_000))


async def payments(
    http: httpx.AsyncClient, key: dict[str, str], state: str, number: str
) -> list[str]:
    """Ids of the payments in a state with this number."""
    answer = await http.get("/v1/bank-payments", headers=key, params={"state": state})
    items = answer.json()["items"]
    return [one["payment_id"] for one in items if one["document_number"] == number]


async def test_the_examples_are_what_happens(
    marketplace: Marketplace, platform: Platform, tmp_path: Path
) -> None:
    http = marketplace.client
    await marketplaces_pay(marketplace)
    key = await api_key(platform)
    http.headers.update(key)
    await add_organization(platform.engine, utc_now, inn=INN, name="Romashka")
    await http.post("/api/webhook/bank/", json=WEBHOOK, headers=WAIT)
    body = {"wallet_id": await opened(http), "amount": "10.00"}
    await http.post(f"/v1/organizations/{INN}/transfers", json=body, headers=WAIT)
    loaded = await http.post("/v1/statements", content=sample("1c-statement-cp1251.txt"))
    assert loaded.status_code == 201, loaded.text
    await payments_go_on(http, key, platform)
    events = (await http.get("/v1/events", params={"limit": 1000})).json()["items"]
    own = [event for event in events if not event["type"].startswith(OTHER_PARTS)]
    # Lines are booked in any order: of each type the event is shown whose text sorts last.
    own.sort(key=lambda event: replaced(json.dumps(event["data"])))
    newest = {event["type"]: event for event in own}
    await assert_told_as_got(http, key, events)
    shown = [
        f"## {type_}\n\n```json\n{json.dumps(newest[type_], indent=2, ensure_ascii=False)}\n```\n"
        for type_ in sorted(newest)
    ]
    text = SEQUENCES.sub(r"\g<1>1", AGES.sub(r"\g<1>0", "\n".join([TITLE, *shown])))
    page = replaced(text)
    (tmp_path / "page.md").write_text(page)
    path = ROOT / PAGE
    assert path.exists(), f"copy {tmp_path / 'page.md'} to {PAGE}"
    assert path.read_text() == page, f"look at {tmp_path / 'page.md'}, copy it to {PAGE}"
