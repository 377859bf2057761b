"""Outgoing webhooks to real receivers: signed, repeated until they are taken, never in the way."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from payments.deliveries.deliver import Deliverer
from payments.deliveries.send import Sender
from payments.endpoints.destination import Policy
from payments.endpoints.sealing import Seal
from payments.kernel.clock import utc_now
from tests.fixtures.platform import Platform, api_key, eventually
from tests.flows.native import funded, opened, transfer, waited

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Receiver:
    """A socket that reads requests and answers with what `answer` writes."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.answer: Answer = self._ok
        self.url = ""

    @staticmethod
    async def _ok(writer: asyncio.StreamWriter) -> None:
        writer.write(OK)

    def says(self, raw: bytes) -> None:
        async def write(writer: asyncio.StreamWriter) -> None:
            writer.write(raw)

        self.answer = write

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            headers = {
                name.lower(): value
                for name, _, value in (line.partition(": ") for line in head.split("\r\n")[1:])
            }
            body = await reader.readexactly(int(headers["content-length"]))
            self.requests.append((headers, body))
            await self.answer(writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return
        finally:
            writer.close()

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.requests]


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    made = Receiver()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook?x=1"
    try:
        yield made
    finally:
        server.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@asynccontextmanager
async def delivering(platform: Platform, seal: str = "") -> AsyncIterator[Deliverer]:
    made = Deliverer(
        platform.engine, Sender(Policy(is_production=False)), Seal(seal), platform.clock
    )
    running = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        made.stop.set()
        await running


@pytest.fixture
async def deliverer(platform: Platform) -> AsyncIterator[Deliverer]:
    async with delivering(platform) as made:
        yield made


async def endpoint(http: httpx.AsyncClient, url: str, *types: str) -> dict[str, Any]:
    body = {"url": url, "types": list(types), "description": "ours"}
    answer = await http.post("/v1/webhook-endpoints", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def deliveries(http: httpx.AsyncClient, made: dict[str, Any], **q: str) -> list[Any]:
    path = f"/v1/webhook-endpoints/{made['endpoint_id']}/deliveries"
    found: list[Any] = (await http.get(path, params=q)).json()["items"]
    return found


async def until(receiver: Receiver, count: int) -> None:
    async def is_there() -> bool:
        return len(receiver.requests) >= count

    await eventually(is_there)


async def attempted(http: httpx.AsyncClient, made: dict[str, Any], count: int = 1) -> Any:
    async def look() -> Any:
        found = await deliveries(http, made)
        return found and found[0]["attempt_count"] >= count and found[0]

    return await eventually(look, 25.0)


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


async def test_one_that_hangs_delays_no_other(
    native: httpx.AsyncClient, receiver: Receiver, deliverer: Deliverer, platform: Platform
) -> None:
    forever = asyncio.Event()

    async def hang(_: asyncio.StreamWriter) -> None:
        await forever.wait()

    async with receiving() as hanging:
        hanging.answer = hang
        await endpoint(native, hanging.url, "wallet.*")
        made = await endpoint(native, receiver.url, "wallet.*")
        async with platform.connection() as connection:
            await connection.execute(
                "INSERT INTO webhook_deliveries (id, endpoint_id, event_id, type, body, status,"
                " attempt_count, attempts, next_attempt_at, created_at)"
                " SELECT gen_random_uuid(), e.id, 'evt_' || n, 'wallet.opened', '{}', 'pending', 0,"
                " '[]', now(), now() FROM webhook_endpoints AS e, generate_series(1, 20000) AS n"
                " WHERE e.url = $1",
                hanging.url,
            )
        await asyncio.sleep(0.5)
        for _ in range(3):
            began = asyncio.get_running_loop().time()
            count = len(receiver.requests)
            await opened(native)
            await until(receiver, count + 1)
            assert asyncio.get_running_loop().time() - began < 2.0
        assert len(deliverer._sending) <= 16
        assert made["is_enabled"]
        forever.set()


async def test_what_an_executor_took_and_lost_is_sent_by_the_next(
    native: httpx.AsyncClient, receiver: Receiver, platform: Platform
) -> None:
    made = await endpoint(native, receiver.url, "wallet.opened")
    gone = Deliverer(platform.engine, Sender(Policy(is_production=False)), Seal(""), utc_now)
    await opened(native)

    async def claimed() -> bool:
        from payments.deliveries.writes import spread  # noqa: PLC0415

        await spread(platform.engine, utc_now() - timedelta(seconds=60))
        gone._clock = lambda: utc_now() - timedelta(seconds=40)
        return bool(await gone._claim())

    await eventually(claimed)
    for task in gone._sending:
        task.cancel()  # killed before it sent
    async with delivering(platform):
        await until(receiver, 1)
    assert (await deliveries(native, made))[0]["status"] == "succeeded"


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
