"""The simulator keeps specification.md: payouts, deposits, idempotency, authentication, fields."""

import asyncio
import socket
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

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

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with running(tmp_path_factory.mktemp("superpay")) as found:
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
    sandbox: Sandbox, over: dict[str, Any], code: str, field: str | None
) -> None:
    fields: dict[str, Any] = {"merchant_id": 5, "description": "x", **over}
    mid, description = fields.pop("merchant_id"), fields.pop("description")
    body = payout_body(mid, description, **fields)
    before = await sandbox.sim("GET", "transactions")
    answer = await sandbox.call("POST", "/api/payout", body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["field"]) == (
        400 if code == "malformed_request" else 422,
        code,
        field,
    )
    assert (error["definitive"], error["money_moved"]) == (True, "no")
    assert await sandbox.sim("GET", "transactions") == before


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
    answer = await sandbox.call("GET", f"/api/transactions/{10**30}")
    assert answer.json()["error"]["code"] == "transaction_not_found"
    answer = await sandbox.call("GET", "/api/transactions/77")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (404, "transaction_not_found")
    assert (error["definitive"], error["money_moved"]) == (False, "unknown")


async def test_authentication(sandbox: Sandbox) -> None:
    body = payout_body(7)

    async def code(headers: dict[str, str]) -> str:
        answer = await sandbox.call("POST", "/api/payout", body, headers=headers)
        error = answer.json()["error"]
        assert (answer.status_code, error["definitive"], error["money_moved"]) == (401, False, "no")
        found: str = error["code"]
        return found

    old = signed_headers("POST", "/api/payout", body, at=time.time() - 310)
    ahead = signed_headers("POST", "/api/payout", body, at=time.time() + 310)
    elsewhere = signed_headers("POST", "/api/deposit", body)
    stranger = signed_headers("POST", "/api/payout", body, secret=CALLBACK_SECRET)
    assert await code({"superpay-key": "sp_test_other"}) == "unauthorized"
    assert await code(old) == "timestamp_out_of_tolerance"
    assert await code(ahead) == "timestamp_out_of_tolerance"
    assert await code({"superpay-timestamp": "soon"}) == "timestamp_out_of_tolerance"
    assert await code(elsewhere) == "invalid_signature"
    assert await code(stranger) == "invalid_signature"
    assert await code({"superpay-signature": ""}) == "invalid_signature"
    assert await code({"superpay-request-id": "another"}) == "invalid_signature"
    unsigned = await sandbox.http.get("/api/registry?date=2026-01-01")
    assert unsigned.json()["error"]["code"] == "unauthorized"
    assert (await sandbox.call("POST", "/api/payout", body)).status_code == 201


async def test_a_request_may_carry_two_signatures_during_rotation(sandbox: Sandbox) -> None:
    body = payout_body(8)
    signed = signed_headers("POST", "/api/payout", body)
    both = "v1,AAAA " + signed["superpay-signature"]
    answer = await sandbox.call(
        "POST", "/api/payout", body, headers={**signed, "superpay-signature": both}
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
    "over",
    [{"amount": "22.35"}, {"currency": "USD"}, {"wallet_id": "W-2"}, {"description": "else"}],
)
async def test_another_body_under_the_same_merchant_id_is_a_conflict(
    sandbox: Sandbox, over: dict[str, Any]
) -> None:
    mid = sandbox.new_id()
    first = await sandbox.payout(mid)
    answer = await sandbox.payout(mid, **over)
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


_SERVE = """
import sys
from pathlib import Path
from typing import Any
from payments_tools.simulator import SimulatorConfig, serve
data_dir, port, key, secret = sys.argv[1:]
serve(SimulatorConfig(data_dir=Path(data_dir), api_key=key, request_secrets=(secret,),
    callback_secrets=(secret,), settle_after_s=0.3), port=int(port))
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

    first = await asyncio.create_subprocess_exec(*command)
    await until(up, 30)
    mid = sandbox.new_id()
    before = (await sandbox.payout(mid)).json()
    first.kill()
    await first.wait()
    second = await asyncio.create_subprocess_exec(*command)
    try:
        await until(up, 30)
        again = await sandbox.payout(mid)
        assert again.headers["superpay-replayed"] == "true"
        assert again.json()["transaction_id"] == before["transaction_id"]
        await sandbox.reaches(mid, "paid")
        assert await sandbox.movements(mid) == [("paid", 2234, "RUB")]
    finally:
        second.terminate()
        await second.wait()
    await sandbox.http.aclose()
