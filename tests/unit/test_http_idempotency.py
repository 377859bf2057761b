"""`Idempotency-Key`: one caller, one key, one operation."""

from datetime import timedelta

import pytest

from payments.operations.acceptance import Acceptance
from tests.unit.http_app import EARLIER, KEYS, NOW, Api, decision_of

BODY = {"source_wallet_id": 1, "destination_wallet_id": 2, "amount": "1", "currency": "RUB"}
HOLD = {"wallet_id": 1, "amount": "1", "currency": "RUB"}


async def test_the_same_key_and_body_give_the_same_operation_and_say_so() -> None:
    api = Api()
    first = await api.http.post("/v1/transfers", json=BODY, headers={"Idempotency-Key": "k"})
    again = await api.http.post("/v1/transfers", json=BODY, headers={"Idempotency-Key": "k"})
    assert first.json() == again.json()
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    # A repeat goes to the stream all the same: a marker never stands for a durable entry.
    assert len(api.door.envelopes) == 2


async def test_the_first_outcome_is_answered_again() -> None:
    api = Api()
    first = await api.http.post("/v1/transfers", json=BODY, headers={"Idempotency-Key": "k"})
    envelope = api.door.envelopes[0]
    refused = decision_of(
        envelope.operation_id,
        envelope.digest,
        status="rejected",
        reason="insufficient_funds",
        accepted_at=EARLIER,
    )
    api.outcomes.stored[envelope.operation_id] = refused
    again = await api.http.post("/v1/transfers", json=BODY, headers={"Idempotency-Key": "k"})
    assert (again.status_code, again.json()["code"]) == (402, "insufficient_funds")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json()["operation_id"] == first.json()["operation_id"]
    # It is in the stream too: nothing is looked up before that, and the consumer knows repeats.
    assert len(api.door.envelopes) == 2


@pytest.mark.parametrize(
    ("path", "body"),
    [("/v1/transfers", {**BODY, "amount": "2"}), ("/v1/holds", HOLD)],
)
async def test_the_same_key_with_other_content_is_a_conflict(
    path: str, body: dict[str, object]
) -> None:
    api = Api()
    await api.http.post("/v1/transfers", json=BODY, headers={"Idempotency-Key": "k"})
    first = api.door.envelopes[0]
    api.outcomes.stored[first.operation_id] = decision_of(
        first.operation_id, first.digest, accepted_at=EARLIER
    )
    answer = await api.http.post(path, json=body, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_conflict")
    assert answer.json()["operation_id"] == str(api.door.envelopes[0].operation_id)


async def test_an_amount_written_differently_is_the_same_body() -> None:
    api = Api()
    await api.http.post("/v1/transfers", json=BODY, headers={"Idempotency-Key": "k"})
    same = {**BODY, "amount": 1.0, "currency": "rub"}
    answer = await api.http.post("/v1/transfers", json=same, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 202


async def test_callers_do_not_share_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api()
    monkeypatch.setitem(KEYS, "other", KEYS["all"].__class__("key:other", frozenset({"*"})))
    ids = {
        (
            await api.http.post(
                "/v1/transfers",
                json=BODY,
                headers={"Idempotency-Key": "k", "Authorization": f"Bearer {who}"},
            )
        ).json()["operation_id"]
        for who in ("all", "other")
    }
    assert len(ids) == 2


async def test_without_a_key_each_request_is_an_operation() -> None:
    api = Api()
    ids = {
        (await api.http.post("/v1/transfers", json=BODY)).json()["operation_id"] for _ in range(3)
    }
    assert len(ids) == 3


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "ключ", "a\tb"])
async def test_an_odd_key_is_422(key: str) -> None:
    answer = await Api().http.post(
        "/v1/transfers", json=BODY, headers=[(b"Idempotency-Key", key.encode())]
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_idempotency_key")


async def test_two_keys_are_422() -> None:
    headers = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    answer = await Api().http.post("/v1/transfers", json=BODY, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_idempotency_key")


def test_a_marker_keeps_its_shape() -> None:
    assert Acceptance.__struct_fields__ == ("digest", "kind", "accepted_at", "actor", "items")


async def test_a_copy_that_came_when_the_marker_was_gone_is_a_replay_too() -> None:
    """The first one was decided, its marker deleted, between this one's look and its append."""
    api = Api()
    api.outcomes.answer = {"accepted_at": NOW - timedelta(milliseconds=1)}
    copy = await api.http.post(
        "/v1/transfers", json=BODY, headers={"Idempotency-Key": "k", "Prefer": "wait=5"}
    )
    assert (copy.status_code, copy.headers["Idempotency-Replayed"]) == (201, "true")
    api.outcomes.answer = {"accepted_at": NOW}
    first = await api.http.post("/v1/transfers", json=BODY, headers={"Prefer": "wait=5"})
    assert "Idempotency-Replayed" not in first.headers
