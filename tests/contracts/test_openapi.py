"""The OpenAPI document of the whole application says what a client needs, and says it truly."""

import re
from typing import Any

import httpx
import msgspec
import pytest

from payments.entrypoints.api import create_app
from payments.http.auth import declared_routes
from payments.http.body import decode_body
from payments.http.openapi import declared
from tests.fixtures.platform import Platform, api_key
from tests.fixtures.shop import SETTINGS

OURS = ("/api/", "/v1/wallets", "/v1/transfers", "/v1/holds", "/v1/adjustments", "/v1/operations")
SHOWN = (*OURS, "/shop/", "/payment/", "/bank/", "/v1/deposits", "/v1/payouts")
SIGNATURE = {"webhook-id", "webhook-timestamp", "webhook-signature"}
UNSHOWN = {"cancel_payout", "resolve_payout"}
"""Bodies that say all in their schema."""


@pytest.fixture
def settings_overrides() -> dict[str, Any]:
    return dict(SETTINGS)


@pytest.fixture
async def document(client: httpx.AsyncClient) -> dict[str, Any]:
    """As it is served."""
    found: dict[str, Any] = (await client.get("/schema/openapi.json")).json()
    return found


@pytest.fixture
def paths(document: dict[str, Any]) -> Any:
    """The paths of the document."""
    return document["paths"]


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(m, p): o for p, methods in document["paths"].items() for m, o in methods.items()}


def parameters(document: dict[str, Any], path: str) -> set[str]:
    return {p["name"] for p in document["paths"][path]["post"]["parameters"]}


async def test_every_operation_has_an_id_of_its_own(document: dict[str, Any]) -> None:
    ids = [o["operationId"] for o in operations(document).values()]
    assert sorted(ids) == sorted(set(ids))


async def test_no_schema_is_called_after_our_modules(document: dict[str, Any]) -> None:
    for (_, path), operation in operations(document).items():
        if path.startswith(OURS):
            names = re.findall(r"#/components/schemas/([^'\"]+)", str(operation))
            assert [n for n in names if "." in n] == [], path


async def test_every_body_of_these_surfaces_has_an_example(
    document: dict[str, Any], platform: Platform
) -> None:
    bodies = {(p, h.fn.__name__): declared(h).body for p, h in _routes(platform)}
    seen = 0
    for (_, path), operation in operations(document).items():
        is_shown = path.startswith(SHOWN) and operation["operationId"] not in UNSHOWN
        if is_shown and "requestBody" in operation:
            example = operation["requestBody"]["content"]["application/json"]["example"]
            body = bodies[path, operation["operationId"]]
            assert decode_body(msgspec.json.encode(example), body)
            seen += 1
    assert seen == 34


async def test_headers_and_bodies_are_described_as_they_are_read(document: dict[str, Any]) -> None:
    assert parameters(document, "/api/webhook/bank") == {"Prefer"}
    for path in ("wallet", "wallet/deposit", "transaction"):
        assert parameters(document, f"/api/v1/{path}") == {"Idempotency-Key", "Prefer"}
    reverse = document["paths"]["/v1/transfers/{transfer_id}/reverse"]["post"]
    assert reverse["requestBody"]["required"] is False
    transfer = document["paths"]["/v1/transfers"]["post"]
    assert transfer["requestBody"]["required"] is True
    assert "402 `insufficient_funds`" in transfer["description"]
    headers = {"Location", "Idempotency-Replayed", "Preference-Applied"}
    assert set(transfer["responses"]["201"]["headers"]) == headers
    bulk = document["paths"]["/v1/operations/bulk"]["post"]
    assert bulk["responses"]["202"]["description"] == "Accepted: durable, not decided yet"


@pytest.mark.parametrize(
    ("method", "path", "names"),
    [
        ("post", "/payment/webhook", {"Prefer", "X-Signature"}),
        ("put", "/shop/admin/products/{product_id}", {"If-Match"}),
        ("patch", "/shop/admin/products/{product_id}", {"If-Match"}),
        ("delete", "/shop/admin/products/{product_id}", {"If-Match"}),
        ("post", "/shop/products/{product_id}/purchase", {"Idempotency-Key", "Prefer"}),
        ("post", "/bank/pay", {"Idempotency-Key", "Prefer"}),
        ("post", "/bank/confirm", {"Idempotency-Key", "Prefer"}),
        ("post", "/bank/refund", {"Idempotency-Key", "Prefer"}),
        ("post", "/v1/superpay/callbacks", SIGNATURE),
    ],
)
async def test_headers_that_are_read_are_named(
    paths: Any, method: str, path: str, names: set[str]
) -> None:
    parameters = paths[path][method]["parameters"]
    assert {p["name"] for p in parameters if p["in"] == "header"} == names


async def test_a_deleted_product_is_204(paths: Any) -> None:
    responses = paths["/shop/admin/products/{product_id}"]["delete"]["responses"]
    assert {s for s in responses if s < "4"} == {"204"}
    assert "content" not in responses["204"]


async def test_a_callback_has_a_body_and_an_answer(paths: Any) -> None:
    callback = paths["/v1/superpay/callbacks"]["post"]
    body = callback["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/CallbackBody"}
    answer = callback["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer == {"$ref": "#/components/schemas/CallbackKept"}


async def test_refusals_of_what_is_waited_for_are_named(paths: Any) -> None:
    for path, refusal in (
        ("/bank/confirm", "429 `too_many_wrong_codes`"),
        ("/bank/pay", "409 `no_tariff`"),
        ("/bank/refund", "409 `already_refunded`"),
        ("/shop/products/{product_id}/purchase", "404 `bill_not_found`"),
        ("/v1/payouts", "402 `insufficient_funds`"),
        ("/v1/deposits", "409 `currency_mismatch`"),
    ):
        assert refusal in paths[path]["post"]["description"], path


@pytest.mark.case("O12")
async def test_the_native_examples_work_in_order(
    client: httpx.AsyncClient, platform: Platform, document: dict[str, Any]
) -> None:
    client.headers.update({**await api_key(platform), "Prefer": "wait=30"})
    found: dict[str, Any] = {}
    for path in (
        "wallets",
        "wallets",
        "adjustments",
        "transfers",
        "transfers/{transfer_id}/reverse",
    ):
        example = document["paths"][f"/v1/{path}"]["post"]["requestBody"]["content"]
        if path.endswith("reverse"):
            nothing = await client.post(f"/v1/{path.format(**found)}", json={"amount": None})
            assert nothing.json()["code"] == "invalid_amount"
        answer = await client.post(
            f"/v1/{path.format(**found)}", json=example["application/json"]["example"]
        )
        assert answer.status_code == 201, answer.text
        found = answer.json()
    assert found["amount"] == "2.30"


def _routes(platform: Platform) -> list[tuple[str, Any]]:
    routes = declared_routes(create_app(platform.settings))
    return [(re.sub(r"\{(\w+):\w+\}", r"{\1}", path), handler) for path, handler in routes]
