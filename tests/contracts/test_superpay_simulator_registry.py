"""The registry tells what happened, and lies on request."""

import base64
import csv
import hashlib
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.superpay_simulator import Sandbox, running


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with running(tmp_path) as found:
        yield found


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


async def _registry(sandbox: Sandbox) -> dict[str, Any]:
    answer = await sandbox.call("GET", f"/api/registry?date={_today()}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert found["line_count"] == len(found["lines"])
    return found


async def _paid(sandbox: Sandbox, **over: Any) -> int:
    mid = sandbox.new_id()
    await sandbox.payout(mid, **over)
    await sandbox.reaches(mid, "paid")
    return mid


async def test_every_end_has_a_line(sandbox: Sandbox) -> None:
    paid, returned, failed, refused, underpaid = (sandbox.new_id() for _ in range(5))
    await sandbox.payout(paid, amount="10.00", currency="USD")
    await sandbox.payout(returned, "sim:return")
    await sandbox.payout(failed, "sim:fail")
    await sandbox.payout(refused, "sim:compliance")
    await sandbox.deposit(underpaid, "sim:underpay")
    await sandbox.payout(sandbox.new_id(), "sim:stuck")
    await sandbox.reaches(returned, "returned")
    await sandbox.reaches(failed, "failed")
    await sandbox.reaches(underpaid, "paid")
    await sandbox.reaches(paid, "paid")
    registry = await _registry(sandbox)
    lines = {(one["merchant_id"], one["status"]): one for one in registry["lines"]}
    assert lines.keys() == {
        (paid, "paid"),
        (returned, "paid"),
        (returned, "returned"),
        (failed, "failed"),
        (refused, "failed"),
        (underpaid, "paid"),
    }
    assert (lines[paid, "paid"]["amount"], lines[paid, "paid"]["fee_amount"]) == (10, 0.1)
    assert lines[underpaid, "paid"]["amount"] == 11.17
    assert len({one["line_id"] for one in registry["lines"]}) == 6
    assert registry["lines"] == sorted(
        registry["lines"], key=lambda one: (one["operated_at"], one["line_id"])
    )
    totals = {(one["type"], one["status"], one["currency"]): one for one in registry["totals"]}
    assert {key: (one["count"], one["amount"]) for key, one in totals.items()} == {
        ("payout", "paid", "USD"): (1, 10),
        ("payout", "paid", "RUB"): (1, 22.34),
        ("payout", "returned", "RUB"): (1, 22.34),
        ("deposit", "paid", "RUB"): (1, 11.17),
    }


async def test_csv_says_the_same_as_json(sandbox: Sandbox) -> None:
    await _paid(sandbox, amount="10.00")
    await _paid(sandbox, amount="100", currency="JPY")
    told = (await _registry(sandbox))["lines"]
    answer = await sandbox.call("GET", f"/api/registry?date={_today()}&format=csv")
    assert answer.headers["superpay-registry-lines"] == "2"
    assert answer.headers["superpay-registry-closed"] == "false"
    digest = base64.b64encode(hashlib.sha256(answer.content).digest()).decode()
    assert answer.headers["digest"] == f"sha-256={digest}"
    rows = list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))
    assert [row.keys() for row in rows] == [line.keys() for line in told]
    assert [(row["merchant_id"], row["amount"]) for row in rows] == [
        (str(told[0]["merchant_id"]), "10.00"),
        (str(told[1]["merchant_id"]), "100"),
    ]
    assert answer.content.count(b"\r\n") == 3


async def test_a_day_long_gone_is_closed_and_a_wrong_day_refused(sandbox: Sandbox) -> None:
    long_gone = (datetime.now(UTC) - timedelta(days=2)).date().isoformat()
    answer = await sandbox.call("GET", f"/api/registry?date={long_gone}")
    assert (answer.json()["closed"], answer.json()["lines"]) == (True, [])
    for query, field in (
        ("", "date"),
        ("?date=x", "date"),
        ("?date=2026-02-31", "date"),
        ("?date=9999-12-31", "date"),
        ("?date=2020-01-01", "date"),
        (f"?date={long_gone}&format=x", "format"),
    ):
        answer = await sandbox.call("GET", f"/api/registry{query}")
        assert (answer.status_code, answer.json()["error"]["field"]) == (422, field)


@pytest.mark.parametrize(
    ("kind", "seen"),
    [
        ("missing_line", []),
        ("altered_amount", [("paid", 23.34, "RUB")]),
        ("altered_currency", [("paid", 22.34, "USD")]),
        ("duplicate_line", [("paid", 22.34, "RUB")] * 2),
        ("altered_status", [("failed", 22.34, "RUB")]),
    ],
)
async def test_planted_breaks(sandbox: Sandbox, kind: str, seen: list[tuple[Any, ...]]) -> None:
    mid, other = await _paid(sandbox), await _paid(sandbox)
    truth = await _registry(sandbox)
    await sandbox.sim("POST", "registry/breaks", {"kind": kind, "merchant_id": mid})
    lines = (await _registry(sandbox))["lines"]
    told = [
        (one["status"], one["amount"], one["currency"])
        for one in lines
        if one["merchant_id"] == mid
    ]
    assert told == seen
    assert len({one["line_id"] for one in lines}) == len(lines)
    assert [one["merchant_id"] for one in lines].count(other) == 1
    await sandbox.sim("DELETE", "registry/breaks")
    assert (await _registry(sandbox))["lines"] == truth["lines"]


async def test_an_extra_line_and_a_wrong_kind(sandbox: Sandbox) -> None:
    planted = {"kind": "extra_line", "merchant_id": 424242}
    assert (await sandbox.sim("POST", "registry/breaks", planted))["date"] == _today()
    [line] = (await _registry(sandbox))["lines"]
    assert (line["merchant_id"], line["status"], line["amount"]) == (424242, "paid", 13.13)
    wrong = await sandbox.http.post("/_sim/registry/breaks", json={"kind": "x", "merchant_id": 1})
    assert wrong.status_code == 422
