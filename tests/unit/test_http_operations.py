"""Outcomes: how a ticket becomes an answer, and who may ask where an operation stands."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from payments.http.operations import Refusals
from payments.kernel.ids import new_id
from payments.operations.outcomes import PartOutcome
from payments.operations.refusals import ENGINE_REFUSALS
from payments.registry import OPERATIONS
from tests.unit.http_app import Api, decision_of

BODY = {"source_wallet_id": 1, "destination_wallet_id": 2, "amount": "1", "currency": "RUB"}
WAIT = {"Prefer": "wait=5"}


async def waited(**answer: Any) -> Any:
    api = Api()
    api.outcomes.answer = answer
    return await api.http.post("/v1/transfers", json=BODY, headers=WAIT)


async def test_accepted_is_202_with_a_place_to_look() -> None:
    api = Api()
    answer = await api.http.post("/v1/transfers", json=BODY)
    operation_id = str(api.door.envelopes[0].operation_id)
    assert answer.status_code == 202
    assert answer.json() == {"operation_id": operation_id, "status": "accepted"}
    assert answer.headers["location"] == f"/v1/operations/{operation_id}"
    assert "preference-applied" not in answer.headers


async def test_applied_is_201_with_the_result() -> None:
    answer = await waited()
    assert answer.status_code == 201
    assert answer.headers["preference-applied"] == "wait"
    assert (answer.json()["status"], answer.json()["transfer_id"]) == ("applied", "t")


async def test_a_things_own_status_does_not_hide_the_operations() -> None:
    answer = await waited(kind="wallet.open", result='{"status":"active"}')
    assert (answer.json()["status"], answer.json()["wallet_status"]) == ("applied", "active")


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("insufficient_funds", 402),
        ("wallet_not_found", 404),
        ("wallet_frozen", 409),
        ("currency_mismatch", 409),
        ("already_reversed", 409),
        ("hold_closed", 409),
        ("a_code_of_a_newer_version", 409),
    ],
)
async def test_a_refusal_has_its_own_status(code: str, status: int) -> None:
    answer = await waited(status="rejected", reason=code, result="{}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["preference-applied"] == "wait"
    assert UUID(answer.json()["operation_id"]).version == 7


async def test_not_decided_in_time_is_202() -> None:
    answer = await Api().http.post("/v1/transfers", json=BODY, headers=WAIT)
    assert answer.status_code == 202


async def test_bulk_gives_each_outcome() -> None:
    api = Api()
    api.outcomes.answer = {"result": "{}"}
    api.outcomes.parts = [
        PartOutcome("rejected", "insufficient_funds", msgspec.Raw(b"{}")),
        PartOutcome("applied", None, msgspec.Raw(b'{"transfer_id":"t"}')),
        PartOutcome("parked", None, msgspec.Raw(b"{}")),
        PartOutcome("conflict", None, msgspec.Raw(b"{}")),
    ]
    transfer = {"kind": "transfer", **BODY}
    items = [transfer, {"kind": "unheard-of"}, {**transfer, "kind": "transfer.create"}]
    items += [transfer, transfer]
    answer = await api.http.post("/v1/operations/bulk", json={"operations": items}, headers=WAIT)
    assert answer.status_code == 200
    told = answer.json()["items"]
    assert [(i["status"], i.get("reason")) for i in told] == [
        ("rejected", "insufficient_funds"),
        ("rejected", "invalid_body"),
        ("applied", None),
        ("parked", None),
        ("rejected", "idempotency_conflict"),
    ]
    assert told[2]["transfer_id"] == "t"
    assert [i["operation_id"] is None for i in told] == [False, True, False, False, False]


async def test_a_decided_operation_says_all_there_is() -> None:
    api = Api()
    decision = decision_of(new_id(), status="rejected", reason="insufficient_funds", result="{}")
    api.outcomes.stored[decision.operation_id] = decision
    answer = await api.http.get(f"/v1/operations/{decision.operation_id}")
    assert answer.json() == {
        "operation_id": str(decision.operation_id),
        "kind": "transfer.create",
        "status": "rejected",
        "reason": "insufficient_funds",
        "result": {},
        "accepted_at": "2026-11-20T21:00:00Z",
        "decided_at": "2026-11-20T21:00:00Z",
    }


async def test_an_accepted_operation_is_seen_beside_the_stream() -> None:
    api = Api()
    accepted = (await api.http.post("/v1/transfers", json=BODY)).json()
    answer = (await api.http.get(f"/v1/operations/{accepted['operation_id']}")).json()
    assert (answer["status"], answer["result"], answer["decided_at"]) == ("accepted", None, None)
    api.outcomes.answer = {}
    answer = (await api.http.get(f"/v1/operations/{accepted['operation_id']}?wait=5")).json()
    assert answer["status"] == "applied"


async def test_another_callers_operation_is_not_there() -> None:
    api = Api()
    decision = decision_of(new_id())
    api.outcomes.stored[decision.operation_id] = decision
    reader = {"Authorization": "Bearer reader"}
    answer = await api.http.get(f"/v1/operations/{decision.operation_id}", headers=reader)
    assert (answer.status_code, answer.json()["code"]) == (404, "operation_not_found")


@pytest.mark.parametrize("query", ["wait=31", "wait=-1", "wait=x", "wait=1&wait=1", "wiat=1"])
async def test_an_odd_query_is_422(query: str) -> None:
    answer = await Api().http.get(f"/v1/operations/{new_id()}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_query")


def test_every_refusal_is_known() -> None:
    found = Refusals.of(OPERATIONS)
    declared = {r.code for o in OPERATIONS for r in o.refusals}
    assert declared | {r.code for r in ENGINE_REFUSALS} == set(found)


async def test_a_refusal_says_what_to_do() -> None:
    answer = await waited(status="rejected", reason="insufficient_funds", result="{}")
    assert "under a new Idempotency-Key" in answer.json()["detail"]
    newer = await waited(status="rejected", reason="a_code_of_a_newer_version", result="{}")
    assert newer.json()["detail"] == "refused: a code of a newer version"
