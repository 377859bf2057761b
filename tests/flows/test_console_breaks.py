"""Breaks in the console: assign, comment, resolve with and without a posting, reopen."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from payments.breaks.advice import EXPLANATIONS
from payments.breaks.tables import BreakKind, breaks, new_break
from payments.kernel.clock import utc_now
from tests.fixtures.console import Console, Desk
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import Platform
from tests.flows.native import funded, money
from tests.flows.test_console_approvals import approval_of

HOSTILE = "<script>alert(1)</script>\"'"


async def broken(platform: Platform, kind: BreakKind = BreakKind.MISSING_IN_LEDGER) -> str:
    """A break whose other side is hostile text."""
    row = new_break(
        "superpay",
        kind,
        "line-1",
        merchant_id=777,
        subject_id=None,
        at_risk=(1313, "RUB"),
        details={"ours": None, "theirs": {"status": HOSTILE}, "date": "2026-01-01"},
        found_by="registry",
        now=utc_now(),
    )
    values: dict[str, Any] = {name: getattr(row, name) for name in row.__struct_fields__}
    values |= {"kind": row.kind.value, "state": row.state.value, "history": []}
    async with platform.engine.begin() as connection:
        await connection.execute(breaks.insert().values(values))
    return f"/console/breaks/{row.id}"


@pytest.fixture
async def desks(console: Console, platform: Platform) -> AsyncIterator[tuple[Desk, Desk, str]]:
    """Anna, Boris, and the page of a break; whatever a test did, the books hold."""
    yield await console.desk("anna"), await console.desk("boris"), await broken(platform)
    await assert_invariants(platform.database_url, platform.redis_url)


Desks = tuple[Desk, Desk, str]


def test_every_kind_is_explained() -> None:
    assert set(EXPLANATIONS) == set(BreakKind)


async def test_a_break_says_what_differs_and_what_to_do(desks: Desks) -> None:
    anna, _, where = desks
    listed = await anna.get("/console/breaks?state=open&kind=missing_in_ledger&merchant_id=777")
    assert "missing in ledger" in listed.text
    assert (await anna.get("/console/breaks?state=resolved")).text.count("Nothing matches") == 1
    page = await anna.get(where)
    assert "Find out whose it is" in page.text
    assert "13.13 RUB" in page.text
    assert "<script>alert" not in page.html
    assert "alert(1)" in page.text
    exported = await anna.get("/console/breaks?state=open&format=csv")
    assert "missing in ledger" in exported.html


async def test_it_is_assigned_and_commented(desks: Desks, platform: Platform) -> None:
    anna, boris, where = desks
    page = await anna.act(f"{where}/assign", assignee="Boris", reason="he knows the provider")
    assert (page.status, "Assignee boris" in page.text) == (200, True), page.text
    assert "assigned" in page.text
    unknown = await anna.act(f"{where}/assign", assignee="nobody")
    assert (unknown.status, "no operator with this login" in unknown.text) == (404, True)
    key = "00000000-0000-4000-8000-000000000001"
    for _ in range(2):
        page = await boris.act(f"{where}/comment", reason=f"asked them {HOSTILE}", key=key)
    assert page.text.count("asked them") == 2, "in the comments and in the history, once"
    assert "<script>alert" not in page.html
    mine = await boris.get("/console/breaks?assignee=boris")
    assert where in mine.html
    event = await platform.value(
        "SELECT count(*) FROM event_batches WHERE events LIKE '%assigned%'"
    )
    assert event == 1


async def test_resolving_with_a_posting_takes_two(
    desks: Desks, native: httpx.AsyncClient, platform: Platform
) -> None:
    anna, boris, where = desks
    wallet = await funded(native, "100.00")
    fields: dict[str, Any] = {
        "source": f"wallet:{wallet}",
        "destination": "breaks",
        "currency": "rub",
    }
    asked = await anna.act(f"{where}/post", **fields, amount="13.13", reason="paid twice")
    approval = approval_of(asked)
    assert f"13.13 RUB from wallet:{wallet} to breaks" in asked.text
    assert (await anna.post(f"{approval}/approve")).status == 403
    assert (await money(native, wallet))[0] == "100.00"
    done = await boris.post(f"{approval}/approve")
    assert "applied break.resolve: Done." in done.text
    assert (await money(native, wallet))[0] == "86.87"
    page = await anna.get(where)
    assert "resolved" in page.text
    assert "proposed by operator:anna" in page.text
    assert f"13.13 RUB from wallet:{wallet} to breaks" in page.text
    assert await platform.value("SELECT resolved_by FROM breaks") == "operator:boris"


@pytest.mark.parametrize(
    "fields",
    [
        {"source": "wallet:0"},
        {"source": "house"},
        {"amount": "-1"},
        {"amount": "1e3"},
        {"amount": '1"'},
        {"amount": "1.001"},
        {"currency": "XXZ"},
        {"reason": ""},
    ],
)
async def test_a_posting_that_cannot_be_read_asks_nobody(
    desks: Desks, platform: Platform, fields: dict[str, Any]
) -> None:
    anna, _, where = desks
    good: dict[str, Any] = {
        "source": "wallet:1",
        "destination": "breaks",
        "amount": "1",
        "currency": "RUB",
    }
    page = await anna.act(f"{where}/post", **{**good, **fields})
    assert page.status == 422
    assert await platform.value("SELECT count(*) FROM approvals") == 0


async def test_it_is_resolved_with_a_reason_and_reopened(desks: Desks, platform: Platform) -> None:
    anna, boris, where = desks
    early = await anna.act(f"{where}/reopen")
    assert (early.status, "open already" in early.text) == (409, True)
    page = await anna.act(f"{where}/resolve", reason="another shop's payout")
    assert "applied break.resolve: Done." in page.text
    assert "another shop" in page.text
    late = await anna.act(f"{where}/assign", assignee="anna")
    assert late.status == 409
    again = await boris.act(f"{where}/reopen", reason="it was ours after all")
    assert "What it said before" in again.text
    assert "break.reopen" in again.text
    state = "SELECT state || ' ' || jsonb_array_length(history) FROM breaks"
    assert await platform.value(state) == "open 1"
    told = "SELECT count(*) FROM event_batches WHERE events LIKE '%break.reopened%'"
    assert await platform.value(told) == 1
    done = await anna.act(f"{where}/resolve", reason="now it is posted")
    assert "applied break.resolve: Done." in done.text
    id_ = UUID(where.rpartition("/")[2])
    assert await platform.value(f"SELECT state FROM breaks WHERE id = '{id_}'") == "resolved"
