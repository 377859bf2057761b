"""What the OpenAPI document says of shop, bank and SuperPay: headers, and answers without body."""

from typing import Any

import httpx
import pytest

SIGNATURE = {"webhook-id", "webhook-timestamp", "webhook-signature"}


@pytest.fixture
async def paths(client: httpx.AsyncClient) -> Any:
    """The paths of the document, as it is served."""
    return (await client.get("/schema/openapi.json")).json()["paths"]


@pytest.mark.parametrize(
    ("method", "path", "names"),
    [
        ("post", "/payment/webhook", {"X-Signature"}),
        ("put", "/shop/admin/products/{product_id}", {"If-Match"}),
        ("patch", "/shop/admin/products/{product_id}", {"If-Match"}),
        ("delete", "/shop/admin/products/{product_id}", {"If-Match"}),
        ("post", "/shop/products/{product_id}/purchase", {"Idempotency-Key", "Prefer"}),
        ("post", "/bank/pay", {"Idempotency-Key"}),
        ("post", "/bank/confirm", {"Idempotency-Key"}),
        ("post", "/bank/refund", {"Idempotency-Key"}),
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
    assert set(responses) == {"204", "default"}
    assert "content" not in responses["204"]


async def test_a_callback_has_a_body_and_an_answer(paths: Any) -> None:
    callback = paths["/v1/superpay/callbacks"]["post"]
    body = callback["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/CallbackBody"}
    answer = callback["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer == {"$ref": "#/components/schemas/CallbackKept"}
