"""Reconciliation: a registry with planted breaks reports exactly those, fetched or uploaded."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa

from payments.breaks.tables import BreakKind, break_id
from payments.provider.tables import SUPERPAY
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.superpay import SuperPay
from tests.flows.settlement import broken, fetched, happened, line, registry, settled, upload


@pytest.fixture(autouse=True)
async def invariants(superpay: SuperPay) -> AsyncIterator[None]:
    """Whatever a test did, the books hold."""
    yield
    await superpay.stop_beat()
    await superpay.platform.settled()
    await assert_invariants(superpay.platform.database_url, superpay.platform.redis_url)


async def test_reports_exactly_the_planted_breaks(superpay: SuperPay) -> None:
    numbers = await settled(superpay, 6)
    deposit = await superpay.deposit(await superpay.wallet(), "sim:auto-pay")
    await superpay.reaches("deposits", deposit, "credited")
    failed = await superpay.payout(await superpay.wallet(), "sim:fail")
    await superpay.reaches("payouts", failed, "failed")
    clean = await fetched(superpay, 1)
    assert (clean["lines"], clean["matched"], clean["breaks"]) == (8, 8, 0)
    planted = {
        "missing_line": ("missing_at_psp", numbers[0], "10.00"),
        "altered_amount": ("amount_mismatch", numbers[1], "1.00"),
        "altered_currency": ("currency_mismatch", numbers[2], "10.00"),
        "duplicate_line": ("duplicate_at_psp", numbers[3], "10.00"),
        "altered_status": ("status_mismatch", numbers[4], "10.00"),
        "extra_line": ("missing_in_ledger", 777, "13.13"),
    }
    for kind, (_, number, _) in planted.items():
        await superpay.admin("POST", "registry/breaks", {"kind": kind, "merchant_id": number})
    planted.pop("missing_line")  # today is open: its line may still come
    dirty = await fetched(superpay, 2)
    assert dirty["new_breaks"] == len(planted)
    found = (await superpay.get("/v1/reconciliation/breaks"))["items"]
    assert {(b["kind"], b["merchant_id"], b["money_at_risk"]) for b in found} == set(
        planted.values()
    )
    again = await fetched(superpay, 3)
    assert (again["breaks"], again["new_breaks"]) == (len(planted), 0)
    # What a line says is put right: the difference is there no more, and ends by itself. A line
    # that an open registry lacks may still come.
    await superpay.sim.delete("/_sim/registry/breaks")
    await fetched(superpay, 4)
    unresolved = (await superpay.get("/v1/reconciliation/breaks?state=open"))["items"]
    assert [b["kind"] for b in unresolved] == ["missing_in_ledger"]
    (put_right,) = (await superpay.get("/v1/reconciliation/breaks?kind=amount_mismatch"))["items"]
    assert put_right["resolution"]["resolution"] == "corrected"


async def test_upload_assign_resolve(superpay: SuperPay) -> None:
    (number,) = await settled(superpay, 1)
    told = (await upload(superpay, registry(line(number), line(555)))).json()
    assert (told["lines"], told["matched"], told["new_breaks"]) == (2, 1, 1)
    (found,) = told["breaks"]
    assert (found["kind"], found["severity"]) == ("missing_in_ledger", "critical")
    path = f"/v1/reconciliation/breaks/{found['break_id']}"
    assigned = await superpay.http.post(f"{path}/assign", json={"assignee": "ann"})
    assert (assigned.json()["state"], assigned.json()["assignee"]) == ("assigned", "ann")
    summary = (await superpay.get("/v1/reconciliation/summary"))["items"]
    assert [(s["kind"], s["count"], s["money_at_risk"]) for s in summary] == [
        ("missing_in_ledger", 1, "10.00")
    ]
    done = await superpay.post(f"{path}/resolve", {"reason": "another shop's payout"})
    assert (done.status_code, done.json()["break_state"]) == (201, "resolved")
    again = await superpay.post(f"{path}/resolve", {"reason": "twice"})
    assert (again.status_code, again.json()["code"]) == (409, "break_resolved")
    late = await superpay.http.post(f"{path}/assign", json={"assignee": "bob"})
    assert (late.status_code, late.json()["code"]) == (409, "break_resolved")
    assert (await superpay.get("/v1/reconciliation/summary"))["items"] == []


async def test_csv_says_the_same(superpay: SuperPay) -> None:
    (number,) = await settled(superpay, 1)
    fields = line(number)
    text = ",".join(fields) + "\r\n" + ",".join(str(v or "") for v in fields.values()) + "\r\n"
    headers = {"content-type": "text/csv"}
    path = "/v1/reconciliation/registries"
    told = await superpay.http.post(f"{path}?date=2026-01-01", content=text, headers=headers)
    assert (told.status_code, told.json()["matched"]) == (200, 1)
    dateless = await superpay.http.post(path, content=text, headers=headers)
    assert dateless.status_code == 422
    bad = text.replace("10.00", "1e3")
    refused = await superpay.http.post(f"{path}?date=2026-01-01", content=bad, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_registry")


async def test_a_bad_file_is_refused_whole(superpay: SuperPay) -> None:
    bad: list[Any] = [
        {},
        [],
        {**registry(line(1)), "line_count": 2},
        registry(line(1), line(1)),
        registry(line(1, amount="-1.00")),
        registry(line(1, currency="XXZ")),
        registry(line(1, status="odd")),
        registry(line(1, merchant_id=2**60)),
        registry(line(1, line_id="a\0b")),
        registry(line(1, transaction_id="a\0b")),
        registry(line(1, operated_at="0001-01-01T00:00:00+14:00")),
        {**registry(line(1)), "generated_at": "9999-12-31T23:59:59-14:00"},
    ]
    for content in bad:
        refused = await upload(superpay, content)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_registry"), content
    assert (await superpay.get("/v1/reconciliation/registries"))["items"] == []


async def test_registry_that_knows_more_makes_us_ask(superpay: SuperPay) -> None:
    wallet = await superpay.wallet()
    payout = await superpay.payout(wallet, "sim:stuck sim:lose-callbacks")
    shown = await superpay.reaches("payouts", payout, "accepted")
    await superpay.stop_beat()
    await superpay.admin("POST", f"transactions/{shown['merchant_id']}/settle", {"status": "paid"})
    await fetched(superpay, 1)
    await superpay.reaches("payouts", payout, "paid")
    assert (await superpay.get("/v1/reconciliation/breaks"))["items"] == []


async def test_came_back_only_in_our_books(superpay: SuperPay) -> None:
    """A callback said returned, the registry knows of a payment alone: the wallet has too much."""
    wallet = await superpay.wallet()
    payout = await superpay.payout(wallet, "sim:return=0.2")
    number = (await superpay.reaches("payouts", payout, "reversed"))["merchant_id"]
    await happened(superpay, number)
    paid = registry(line(number))
    (found,) = (await upload(superpay, paid)).json()["breaks"]
    assert (found["kind"], found["details"]["lacks"]) == ("missing_at_psp", "returned")
    assert (found["money_at_risk"], found["subject_id"]) == ("10.00", payout)
    again = (await upload(superpay, paid)).json()
    assert (again["new_breaks"], len(again["breaks"])) == (0, 1)
    assert (await broken(superpay, "missing_at_psp"))["state"] == "open", "paid is no answer"
    both = registry(line(number), line(number, line_id="l-back", status="returned"))
    assert (await upload(superpay, both)).json()["breaks"] == []
    closed = await broken(superpay, "missing_at_psp")
    assert (closed["state"], closed["resolution"]["resolution"]) == ("resolved", "timing")


async def test_breaks_of_the_previous_release_are_found_again(superpay: SuperPay) -> None:
    """0.1.0 named a line by its id alone; the same line must not become a second break."""
    file = registry(line(555))
    (found,) = (await upload(superpay, file)).json()["breaks"]
    old_id = break_id(SUPERPAY, BreakKind.MISSING_IN_LEDGER, "l555")
    assert str(old_id) != found["break_id"]
    rename = sa.text("UPDATE breaks SET id = :old, details = details - 'date'")
    async with superpay.platform.engine.begin() as connection:
        await connection.execute(rename, {"old": old_id})
    again = (await upload(superpay, file)).json()
    assert ([b["break_id"] for b in again["breaks"]], again["new_breaks"]) == ([str(old_id)], 0)
