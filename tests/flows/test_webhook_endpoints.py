"""Outgoing webhooks to real receivers: signed, repeated until they are taken."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from payments.deliveries.deliver import Deliverer
from payments.deliveries.writes import spread
from payments.endpoints.sealing import Seal
from payments.kernel.clock import utc_now
from payments.registry import PACKINGS
from tests.fixtures.platform import Platform, api_key, eventually
from tests.fixtures.receiving import (
    Receiver,
    attempted,
    deliverer_of,
    deliveries,
    delivering,
    endpoint,
    receiving,
    until,
)
from tests.flows.native import funded, opened, transfer, waited


async def test_a_transfer_arrives_and_verifies(
    native: httpx.AsyncClient, receiver: Receiver, deliverer: Deliverer
) -> None:
    made = await endpoint(native, receiver.url, "transfer.*")
    source, destination = await funded(native, "9.00"), await opened(native)
    _, answer = await waited(native, "/v1/transfers", transfer(source, destination, "2.50"))
    await until(receiver, 1)
    headers, body = receiver.requests[0]
    event = Webhook(made["secret"]).verify(body, headers)
    assert event == (await native.get("/v1/events?type=transfer.applied")).json()["items"][0]
    assert headers["webhook-id"] == event["id"]
    assert event["operation_id"] == answer["operation_id"]
    delivery = await attempted(native, made)
    assert (delivery["status"], delivery["status_code"], delivery["answer"]) == (
        "succeeded", 200, "ok",
    )  # fmt: skip
    assert delivery["next_attempt_at"] is None
    assert len(receiver.requests) == 1
    shown = (await native.get(f"/v1/webhook-endpoints/{made['endpoint_id']}")).json()
    assert "secret" not in shown
    assert not deliverer.stop.is_set()


@pytest.mark.usefixtures("deliverer")
async def test_what_was_refused_comes_again_with_the_same_id(
    native: httpx.AsyncClient, receiver: Receiver
) -> None:
    receiver.says(b"HTTP/1.1 500 Oops\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000)
    made = await endpoint(native, receiver.url, "wallet.opened")
    await opened(native)
    failed = await attempted(native, made)
    assert (failed["status"], failed["status_code"], failed["answer"]) == (
        "failed", 500, "x" * 1024,
    )  # fmt: skip
    assert await deliveries(native, made, status="failed")
    receiver.answer = receiver._ok
    await attempted(native, made, 2)
    ids = {headers["webhook-id"] for headers, _ in receiver.requests}
    assert len(ids) == 1
    done = (await deliveries(native, made))[0]
    assert (done["status"], len(done["attempts"])) == ("succeeded", 2)


@pytest.mark.usefixtures("deliverer")
async def test_redirects_are_not_followed_and_410_disables(
    native: httpx.AsyncClient, receiver: Receiver
) -> None:
    async with receiving() as other:
        location = other.url.encode()
        receiver.says(b"HTTP/1.1 302 F\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n" % location)
        made = await endpoint(native, receiver.url, "wallet.opened")
        await opened(native)
        assert (await attempted(native, made))["status_code"] == 302
        assert other.requests == []
    receiver.says(b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n")
    path = f"/v1/webhook-endpoints/{made['endpoint_id']}"

    async def is_disabled() -> Any:
        found = (await native.get(path)).json()
        return not found["is_enabled"] and found

    assert (await eventually(is_disabled, 20.0))["disabled_reason"] == "gone"
    told = (await native.get("/v1/events?type=webhook_endpoint.*")).json()["items"]
    assert [one["data"]["endpoint_id"] for one in told] == [made["endpoint_id"]]
    answer = await native.patch(path, json={"is_enabled": True})
    assert (answer.json()["is_enabled"], answer.json()["disabled_reason"]) == (True, None)


@pytest.mark.usefixtures("deliverer")
async def test_test_rotate_retry_and_recover(native: httpx.AsyncClient, receiver: Receiver) -> None:
    made = await endpoint(native, receiver.url)
    path = f"/v1/webhook-endpoints/{made['endpoint_id']}"
    rotated = (await native.post(f"{path}/rotate-secret")).json()
    assert rotated["secret"] != made["secret"]
    assert (await native.post(f"{path}/test")).status_code == 202
    await until(receiver, 1)
    headers, body = receiver.requests[0]
    for secret in (made["secret"], rotated["secret"]):
        assert Webhook(secret).verify(body, headers)["type"] == "webhook_endpoint.test"
    first = await attempted(native, made)
    answer = await native.post(f"{path}/deliveries/{first['delivery_id']}/retry")
    assert answer.status_code == 202
    await until(receiver, 2)
    receiver.says(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")
    await native.post(f"{path}/test")
    await until(receiver, 3)
    await attempted(native, made)
    receiver.answer = receiver._ok
    since = (utc_now() - timedelta(hours=1)).isoformat()
    recovered = await native.post(f"{path}/recover", json={"since": since})
    assert (recovered.status_code, recovered.json()) == (202, {"recovered": 1})
    await until(receiver, 4)
    assert (await native.delete(path)).status_code == 204
    assert (await native.get(path)).status_code == 404


async def test_what_an_executor_took_and_lost_is_sent_by_the_next(
    native: httpx.AsyncClient, receiver: Receiver, platform: Platform
) -> None:
    made = await endpoint(native, receiver.url, "wallet.opened")
    gone = deliverer_of(platform, timeout_s=0.5)
    await opened(native)
    await spread(platform.engine, PACKINGS, utc_now())
    assert await gone._claim() == 1
    for task in gone._sending:
        task.cancel()  # killed before it sent
    async with delivering(platform):
        await until(receiver, 1)
        assert (await attempted(native, made))["status"] == "succeeded"


async def test_a_client_sees_only_its_own(client: httpx.AsyncClient, platform: Platform) -> None:
    mine = await api_key(platform, "webhooks:write", client="mine")
    theirs = await api_key(platform, "webhooks:write", client="theirs")
    body = {"url": "http://127.0.0.1:9/x"}
    made = (await client.post("/v1/webhook-endpoints", json=body, headers=mine)).json()
    path = f"/v1/webhook-endpoints/{made['endpoint_id']}"
    assert (await client.get(path, headers=mine)).status_code == 200
    for method, end in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/test")):
        answer = await client.request(method, path + end, json={}, headers=theirs)
        assert (answer.status_code, answer.json()["code"]) == (404, "endpoint_not_found")
    assert (await client.get("/v1/webhook-endpoints", headers=theirs)).json()["items"] == []
    everything = await api_key(platform, client="admin")
    assert len((await client.get("/v1/webhook-endpoints", headers=everything)).json()["items"]) == 1


async def test_secrets_are_encrypted_at_rest(native: httpx.AsyncClient, platform: Platform) -> None:
    made = await endpoint(native, "http://127.0.0.1:9/x")
    sealed = await platform.value("SELECT secret FROM webhook_endpoints")
    assert made["secret"].removeprefix("whsec_").encode() not in sealed
    assert Seal("").open(sealed) == made["secret"]
