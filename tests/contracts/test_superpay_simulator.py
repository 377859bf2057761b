"""The simulator keeps specification.md: payouts, deposits, idempotency, authentication, fields."""

import asyncio
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.contracts.superpay_simulator import (
    CALLBACK_SECRET,
    KEY,
    REQUEST_SECRET,
    Receiver,
    Sandbox,
    payout_body,
    running,
    signed_headers,
    until,
)


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with running(tmp_path) as found:
        yield found


async def test_a_payout_goes_from_created_to_paid_and_says_so(sandbox: Sandbox) -> None:
    mid = sandbox.new_id()
    answer = await sandbox.payout(mid, amount="22.30", currency="USD")
    assert (answer.status_code, answer.json()["status"]) == (201, "created")
    assert '"amount":22.30,' in answer.text
    shown = await sandbox.reaches(mid, "paid")
    assert shown["transaction_id"] == answer.json()["transaction_id"]
    assert shown["version"] == 3
    assert (shown["fee_amount"], shown["fee_currency"]) == (0.22, "USD")
    assert shown["completed_at"] == shown["updated_at"] > shown["created_at"]
    received = await sandbox.hears(mid, ["payout.processing", "payout.paid"])
    assert [one.type for one in received] == ["payout.processing", "payout.paid"]
    assert [one.event["data"]["version"] for one in received] == [2, 3]
    assert received[1].event["data"] == shown
    assert await sandbox.movements(mid) == [("paid", 2230, "USD")]


@pytest.mark.parametrize(
    ("amount", "currency", "minor", "wire"),
    [
        ("12.3", "RUB", 1230, "12.30"),
        ('"12.30"', "RUB", 1230, "12.30"),
        ("12", "EUR", 1200, "12.00"),
        ("100", "JPY", 100, "100"),
        ("1.25", "KWD", 1250, "1.250"),
        ("0.29", "USD", 29, "0.29"),
        ("10000000.00", "RUB", 10**9, "10000000.00"),
    ],
)
async def test_amounts_keep_their_digits(
    sandbox: Sandbox, amount: str, currency: str, minor: int, wire: str
) -> None:
    mid = sandbox.new_id()
    answer = await sandbox.payout(mid, amount=amount, currency=currency)
    assert answer.status_code == 201
    assert f'"amount":{wire},' in answer.text
    await sandbox.reaches(mid, "paid")
    assert await sandbox.movements(mid) == [("paid", minor, currency)]


@pytest.mark.parametrize(
    ("over", "code", "field"),
    [
        ({"amount": "0"}, "invalid_amount", "amount"),
        ({"amount": "-1"}, "invalid_amount", "amount"),
        ({"amount": "1.001"}, "invalid_amount", "amount"),
        ({"amount": "1e3"}, "invalid_amount", "amount"),
        ({"amount": '"1e3"'}, "invalid_amount", "amount"),
        ({"amount": '"NaN"'}, "invalid_amount", "amount"),
        ({"amount": '"١٢"'}, "invalid_amount", "amount"),
        ({"amount": "null"}, "invalid_amount", "amount"),
        ({"amount": "true"}, "invalid_amount", "amount"),
        ({"amount": "99999999999999999999"}, "invalid_amount", "amount"),
        ({"amount": "1.5", "currency": "JPY"}, "invalid_amount", "amount"),
        ({"amount": "NaN"}, "malformed_request", None),
        ({"currency": "XXX"}, "unsupported_currency", "currency"),
        ({"currency": 643}, "invalid_field", "currency"),
        ({"wallet_id": "no spaces"}, "invalid_field", "wallet_id"),
        ({"wallet_id": 17}, "invalid_field", "wallet_id"),
        ({"description": ""}, "invalid_field", "description"),
        ({"description": "sim:no-such-thing"}, "invalid_field", "description"),
        ({"merchant_id": 0}, "invalid_field", "merchant_id"),
        ({"merchant_id": 2**53}, "invalid_field", "merchant_id"),
        ({"merchant_id": "17"}, "invalid_field", "merchant_id"),
        ({"surprise": 1}, "invalid_field", "surprise"),
    ],
)
async def test_a_wrong_field_is_refused_for_good_and_not_recorded(
    sandbox: Sandbox, over: dict[str, object], code: str, field: str | None
) -> None:
    fields = {"merchant_id": 5, "description": "x", **over}
    mid, description = fields.pop("merchant_id"), fields.pop("description")
    body = payout_body(mid, description, **fields)  # type: ignore[arg-type] - wrong on purpose
    answer = await sandbox.call("POST", "/api/payout", body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["field"]) == (
        400 if code == "malformed_request" else 422,
        code,
        field,
    )
    assert (error["definitive"], error["money_moved"]) == (True, "no")
    assert await sandbox.sim("GET", "transactions") == {"items": []}


@pytest.mark.parametrize("body", ["", "[]", "null", "{", "\x00", '{"description":1}'])
async def test_a_body_that_is_no_order_is_refused(sandbox: Sandbox, body: str) -> None:
    answer = await sandbox.call("POST", "/api/payout", body)
    assert answer.status_code in {400, 422}
    assert answer.json()["error"]["definitive"] is True


async def test_a_body_too_long_is_refused(sandbox: Sandbox) -> None:
    answer = await sandbox.call("POST", "/api/payout", payout_body(1, "x" * 70_000))
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "malformed_request")


async def test_unknown_paths_and_methods_have_the_error_shape(sandbox: Sandbox) -> None:
    answer = await sandbox.call("GET", "/api/nothing")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    answer = await sandbox.call("DELETE", "/api/payout")
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method_not_allowed")
    answer = await sandbox.call("GET", "/api/transactions/77")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (404, "transaction_not_found")
    assert (error["definitive"], error["money_moved"]) == (False, "unknown")


async def test_authentication(sandbox: Sandbox) -> None:
    body = payout_body(7)

    async def code(**headers: str) -> str:
        answer = await sandbox.call("POST", "/api/payout", body, **headers)
        error = answer.json()["error"]
        assert (answer.status_code, error["definitive"], error["money_moved"]) == (401, False, "no")
        found: str = error["code"]
        return found

    old = signed_headers("POST", "/api/payout", body, at=time.time() - 310)
    ahead = signed_headers("POST", "/api/payout", body, at=time.time() + 310)
    elsewhere = signed_headers("POST", "/api/deposit", body)
    stranger = signed_headers("POST", "/api/payout", body, secret=CALLBACK_SECRET)
    assert await code(superpay_key="sp_test_other") == "unauthorized"
    assert await code(**_names(old)) == "timestamp_out_of_tolerance"
    assert await code(**_names(ahead)) == "timestamp_out_of_tolerance"
    assert await code(superpay_timestamp="soon") == "timestamp_out_of_tolerance"
    assert await code(**_names(elsewhere)) == "invalid_signature"
    assert await code(**_names(stranger)) == "invalid_signature"
    assert await code(superpay_signature="") == "invalid_signature"
    assert await code(superpay_request_id="another") == "invalid_signature"
    unsigned = await sandbox.http.get("/api/registry?date=2026-01-01")
    assert unsigned.json()["error"]["code"] == "unauthorized"
    assert (await sandbox.call("POST", "/api/payout", body)).status_code == 201


async def test_a_request_may_carry_two_signatures_during_rotation(sandbox: Sandbox) -> None:
    body = payout_body(8)
    signed = signed_headers("POST", "/api/payout", body)
    both = "v1,AAAA " + signed["superpay-signature"]
    answer = await sandbox.call(
        "POST", "/api/payout", body, **_names({**signed, "superpay-signature": both})
    )
    assert answer.status_code == 201


async def test_the_same_request_again_executes_nothing(sandbox: Sandbox) -> None:
    mid = sandbox.new_id()
    first = await sandbox.payout(mid, amount="22.30")
    again = await sandbox.payout(mid, amount='"22.3"')
    assert (again.status_code, again.headers["superpay-replayed"]) == (200, "true")
    assert "superpay-replayed" not in first.headers
    assert again.json()["transaction_id"] == first.json()["transaction_id"]
    await sandbox.reaches(mid, "paid")
    assert (await sandbox.payout(mid, amount="22.30")).json()["status"] == "paid"
    assert await sandbox.movements(mid) == [("paid", 2230, "RUB")]
    assert (await sandbox.inside(mid))["requests"] == 3


async def test_fifty_equal_requests_at_once_pay_once(sandbox: Sandbox) -> None:
    mid = sandbox.new_id()
    answers = await asyncio.gather(*(sandbox.payout(mid) for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [200] * 49 + [201]
    await sandbox.reaches(mid, "paid")
    await sandbox.hears(mid, ["payout.paid"])
    assert await sandbox.movements(mid) == [("paid", 2234, "RUB")]


@pytest.mark.parametrize(
    "over", [{"amount": "22.35"}, {"currency": "USD"}, {"wallet_id": "W-2"}, {"description": "else"}]
)
async def test_another_body_under_the_same_merchant_id_is_a_conflict(
    sandbox: Sandbox, over: dict[str, str]
) -> None:
    mid = sandbox.new_id()
    first = await sandbox.payout(mid)
    answer = await sandbox.payout(mid, **over)  # type: ignore[arg-type] - mypy sees `documented`
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (409, "merchant_id_reused")
    # The first one may have paid: a client must not read this as "no money has moved".
    assert (error["definitive"], error["money_moved"]) == (True, "unknown")
    assert error["transaction_id"] == first.json()["transaction_id"]
    await sandbox.reaches(mid, "paid")
    assert await sandbox.movements(mid) == [("paid", 2234, "RUB")]


async def test_a_merchant_id_is_not_shared_by_deposit_and_payout(sandbox: Sandbox) -> None:
    mid = sandbox.new_id()
    await sandbox.payout(mid)
    answer = await sandbox.deposit(mid, amount="22.34")
    assert answer.json()["error"]["code"] == "merchant_id_reused"


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


_SERVE = """
import sys
from pathlib import Path
from payments.surfaces.superpay.simulator import SimulatorConfig, serve
serve(SimulatorConfig(data_dir=Path(sys.argv[1]), api_key=sys.argv[3], request_secrets=(sys.argv[4],),
    callback_secrets=(sys.argv[4],), settle_after_s=0.3), port=int(sys.argv[2]))
"""


async def test_state_and_timers_survive_a_kill(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", _SERVE, str(tmp_path), str(port), KEY, REQUEST_SECRET]
    sandbox = Sandbox(f"http://127.0.0.1:{port}", Receiver())

    async def up() -> bool:
        try:
            return (await sandbox.http.get("/_sim/health")).is_success
        except httpx.TransportError:
            return False

    with subprocess.Popen(command) as first:
        await until(up, 30)
        mid = sandbox.new_id()
        before = (await sandbox.payout(mid)).json()
        first.send_signal(signal.SIGKILL)
    with subprocess.Popen(command) as second:
        await until(up, 30)
        again = await sandbox.payout(mid)
        assert again.headers["superpay-replayed"] == "true"
        assert again.json()["transaction_id"] == before["transaction_id"]
        await sandbox.reaches(mid, "paid")
        assert await sandbox.movements(mid) == [("paid", 2234, "RUB")]
        second.terminate()
    await sandbox.http.aclose()


def _names(headers: dict[str, str]) -> dict[str, str]:
    return {re.sub("-", "_", name): value for name, value in headers.items()}
