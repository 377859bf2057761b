"""The callback inbox: kept raw first, done once, matched again.

Not believed without a signature.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from payments.callbacks import writes
from payments.callbacks.writes import Delivery
from payments.entrypoints.settings import Secret
from payments.kernel.ids import derived_id
from payments.provider.reference import payout_reference
from payments.provider.tables import SUPERPAY
from payments.surfaces.superpay.bodies import decode_event
from payments.surfaces.superpay.drive import drive_due
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import eventually
from tests.fixtures.superpay import CALLBACK, SIGNING, SuperPay
from tests.fixtures.superpay_callbacks import PATH, SECOND, event, send, stuck


@pytest.fixture
def superpay_overrides() -> dict[str, Any]:
    """Two secrets live on our side, as while rotating."""
    return {"superpay_callback_secrets": Secret(f"{CALLBACK},{SECOND}")}


@pytest.fixture(autouse=True)
async def invariants(superpay: SuperPay) -> AsyncIterator[None]:
    """Whatever a test did, the books hold."""
    yield
    await superpay.stop_beat()
    await superpay.platform.settled()
    await assert_invariants(superpay.platform.database_url, superpay.platform.redis_url)


def delivery(event_id: str, raw: bytes) -> Delivery:
    return Delivery(provider=SUPERPAY, event_id=event_id, headers={}, raw=raw)


async def test_a_copy_is_done_once_and_answered_200(superpay: SuperPay) -> None:
    shown = await stuck(superpay)
    body = event(shown)
    first = await send(superpay, body, "evt_1")
    assert (first.status_code, first.json()) == (200, {"status": "accepted"})
    again = await send(superpay, body, "evt_1")
    assert (again.status_code, again.json()) == (200, {"status": "duplicate"})
    await superpay.reaches("payouts", shown["payout_id"], "paid")
    claims = await superpay.claims(shown["payout_id"])
    assert claims.count(("callback", "paid", "applied")) == 1
    row = "SELECT state || ' ' || verdict FROM provider_callbacks WHERE event_id = $1"
    assert await superpay.platform.value(row, "evt_1") == "done applied"
    raw = await superpay.platform.value("SELECT raw FROM provider_callbacks")
    assert raw == body


async def test_either_live_secret_is_believed_and_no_other(superpay: SuperPay) -> None:
    shown = await stuck(superpay)
    forged = await send(superpay, event(shown), "evt_f", secret=SIGNING)
    assert (forged.status_code, forged.json()["code"]) == (401, "bad_signature")
    for age_s in (-310, 310):
        late = await send(superpay, event(shown), "evt_t", at=time.time() + age_s)
        assert (late.status_code, late.json()["code"]) == (401, "timestamp_out_of_tolerance")
    digest = await superpay.platform.value("SELECT digest FROM rejected_callbacks")
    assert digest == hashlib.sha256(event(shown)).digest()
    kept = "SELECT count(*) FROM provider_callbacks WHERE event_id IN ('evt_f', 'evt_t')"
    assert await superpay.platform.value(kept) == 0
    assert (await superpay.get(f"/v1/payouts/{shown['payout_id']}"))["status"] == "accepted"
    assert (await send(superpay, event(shown), "evt_2", secret=SECOND)).status_code == 200
    await superpay.reaches("payouts", shown["payout_id"], "paid")


async def test_a_forged_one_makes_us_ask(superpay: SuperPay) -> None:
    shown = await stuck(superpay)
    path = f"transactions/{shown['merchant_id']}/settle"
    await superpay.admin("POST", path, {"status": "paid"})
    assert (await send(superpay, event(shown, "failed"), "f", secret=SIGNING)).status_code == 401
    paid = await superpay.reaches("payouts", shown["payout_id"], "paid")
    assert ("query", "paid", "applied") in await superpay.claims(paid["payout_id"])


async def test_unknown_is_kept_and_matched_again_then_an_operators(superpay: SuperPay) -> None:
    shown = await stuck(superpay)
    body = event(shown, merchant_id=shown["merchant_id"] + 1)
    assert (await send(superpay, body, "evt_u")).status_code == 200
    state = "SELECT state FROM provider_callbacks WHERE event_id = 'evt_u'"
    assert await superpay.platform.value(state) == "unmatched"
    tools, now = superpay.tools, datetime.now(UTC)
    for wait_s in writes.REMATCH_S[:-1]:
        now += timedelta(seconds=wait_s + 1)
        assert await drive_due(tools.engine, tools.submitter, now) >= 1
        assert await superpay.platform.value(state) == "unmatched"
    await drive_due(tools.engine, tools.submitter, now + timedelta(days=2))
    assert await superpay.platform.value(state) == "operator"


async def test_one_that_came_before_its_payout_is_matched_later(superpay: SuperPay) -> None:
    shown = await stuck(superpay)
    merchant_id = payout_reference(derived_id("key", "client:test", "later"))
    later = {**shown, "merchant_id": merchant_id, "provider_transaction_id": None}
    assert (await send(superpay, event(later, "processing", 2), "evt_e")).status_code == 200
    payout = await superpay.payout(
        shown["wallet_id"], "sim:stuck sim:lose-callbacks", idempotency_key="later"
    )
    made = await superpay.reaches("payouts", payout, "accepted")
    assert made["merchant_id"] == later["merchant_id"]
    tools = superpay.tools
    await drive_due(tools.engine, tools.submitter, datetime.now(UTC) + timedelta(seconds=11))
    state = "SELECT state FROM provider_callbacks WHERE event_id = 'evt_e'"

    async def done() -> bool:
        return bool(await superpay.platform.value(state) == "done")

    await eventually(done)


async def test_crash_between_keeping_and_submitting_loses_nothing(superpay: SuperPay) -> None:
    shown = await stuck(superpay)
    now = datetime.now(UTC)
    engine = superpay.tools.engine
    kept = await writes.keep(engine, delivery("evt_c", event(shown)), now)
    assert kept.is_new
    # The process died here. SuperPay's retry is a duplicate and must not be the end of it.
    assert (await send(superpay, event(shown), "evt_c")).json() == {"status": "duplicate"}
    await drive_due(engine, superpay.tools.submitter, now + timedelta(seconds=21))
    await superpay.reaches("payouts", shown["payout_id"], "paid")


async def test_older_and_contradicting_ones_change_nothing(superpay: SuperPay) -> None:
    shown = await stuck(superpay)
    await send(superpay, event(shown, "paid", 5), "evt_p")
    await superpay.reaches("payouts", shown["payout_id"], "paid")
    await send(superpay, event(shown, "processing", 2), "evt_o")
    await send(superpay, event(shown, "failed", 6), "evt_x")

    async def weighed() -> bool:
        return len(await superpay.claims(shown["payout_id"])) >= 6

    await eventually(weighed)
    claims = await superpay.claims(shown["payout_id"])
    assert ("callback", "accepted", "stale") in claims
    assert ("callback", "failed", "conflict") in claims
    assert (await superpay.get(f"/v1/payouts/{shown['payout_id']}"))["status"] == "paid"
    (found,) = (await superpay.get("/v1/reconciliation/breaks"))["items"]
    assert found["kind"] == "status_mismatch"


RUBBISH = (b"", b"{", b"[]", b'{"type":"x","data":{}}', b"\xff\xfe")


async def test_signed_rubbish_is_an_operators(superpay: SuperPay) -> None:
    key = base64.b64decode(CALLBACK.removeprefix("whsec_"))
    for number, body in enumerate(RUBBISH):
        now = int(time.time())
        content = f"evt_{number}.{now}.".encode() + body
        signature = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        headers = {
            "webhook-id": f"evt_{number}",
            "webhook-timestamp": str(now),
            "webhook-signature": f"v1,{signature}",
        }
        answer = await superpay.http.post(PATH, content=body, headers=headers)
        assert answer.status_code == 200
    states = "SELECT string_agg(DISTINCT state || ' ' || verdict, ',') FROM provider_callbacks"
    assert await superpay.platform.value(states) == "operator unreadable"
    listed = await superpay.get("/v1/reconciliation/callbacks?state=operator&limit=2")
    assert [c["event_id"] for c in listed["items"]] == ["evt_4", "evt_3"]
    assert listed["next_cursor"] is not None
    assert (await superpay.get("/v1/reconciliation/callbacks?state=unmatched"))["items"] == []


@pytest.mark.parametrize("number", [10**30, 2**63, 2**53, 0, -1])
async def test_a_number_nobody_can_have_is_an_operators(superpay: SuperPay, number: int) -> None:
    """It fits no column: neither the request nor the job that matches again may break on it."""
    shown = await stuck(superpay)
    for name in ("merchant_id", "version"):
        odd: dict[str, Any] = {name: number}
        body = event(shown, **odd)
        assert (await send(superpay, body, f"evt_{name}", secret=SIGNING)).status_code == 401
        answer = await send(superpay, body, f"evt_{name}")
        assert (answer.status_code, answer.json()) == (200, {"status": "accepted"})
        row = "SELECT state || ' ' || verdict FROM provider_callbacks WHERE event_id = $1"
        assert await superpay.platform.value(row, f"evt_{name}") == "operator unreadable"


@pytest.mark.parametrize("field", ["transaction_id", "status", "wallet_id"])
async def test_text_that_no_column_takes_is_an_operators(superpay: SuperPay, field: str) -> None:
    shown = await stuck(superpay)
    odd: dict[str, Any] = {field: "a\0b"}
    await send(superpay, event(shown, **odd), "evt_nul")
    row = "SELECT state || ' ' || verdict FROM provider_callbacks WHERE event_id = $1"
    assert await superpay.platform.value(row, "evt_nul") == "operator unreadable"
    await superpay.platform.settled()
    assert await superpay.platform.value("SELECT count(*) FROM dead_letters") == 0


async def test_one_that_cannot_be_driven_does_not_hold_up_the_others(
    superpay: SuperPay, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = await stuck(superpay)
    engine, now = superpay.tools.engine, datetime.now(UTC)
    poison = await writes.keep(engine, delivery("evt_poison", b"{}"), now)
    await writes.keep(engine, delivery("evt_after", event(shown)), now + timedelta(seconds=1))

    def broken(raw: bytes) -> Any:
        if raw == poison.raw:
            raise RuntimeError("nobody thought of this one")
        return decode_event(raw)

    monkeypatch.setattr("payments.surfaces.superpay.drive.decode_event", broken)
    with pytest.raises(RuntimeError):
        await drive_due(engine, superpay.tools.submitter, now + timedelta(seconds=30))
    await superpay.reaches("payouts", shown["payout_id"], "paid")


@pytest.mark.case("R12")
async def test_an_event_id_used_for_something_else_makes_us_ask(superpay: SuperPay) -> None:
    """It is answered as a copy, since the id decides; what it says is asked about, not dropped."""
    shown = await stuck(superpay)
    await send(superpay, event(shown, "processing", 2), "evt_r")
    path = f"transactions/{shown['merchant_id']}/settle"
    await superpay.admin("POST", path, {"status": "paid"})
    again = await send(superpay, event(shown, "paid", 3), "evt_r")
    assert (again.status_code, again.json()) == (200, {"status": "duplicate"})
    listed = (await superpay.get("/v1/reconciliation/callbacks?state=operator"))["items"]
    assert [(c["event_id"], c["verdict"]) for c in listed] == [("evt_r", "event_id_reused")]
    assert listed[0]["raw"].encode() == event(shown, "paid", 3)
    await superpay.reaches("payouts", shown["payout_id"], "paid")
    assert ("query", "paid", "applied") in await superpay.claims(shown["payout_id"])


async def test_a_refusal_says_how_to_sign(superpay: SuperPay) -> None:
    shown = await stuck(superpay)
    old = await send(superpay, event(shown), "evt_old", at=time.time() - 400)
    assert "sign each attempt anew" in old.json()["detail"]
    async with httpx.AsyncClient(
        base_url=superpay.http.base_url, timeout=60, trust_env=False
    ) as anybody:
        bare = await anybody.post(PATH, content=event(shown))
    assert "webhook-id, webhook-timestamp and webhook-signature" in bare.json()["detail"]
