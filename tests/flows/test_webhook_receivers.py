"""Receivers that answer badly, late or never: each is an attempt with a reason, and no more."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from prometheus_client import REGISTRY

from payments.deliveries import metrics
from tests.fixtures.certificates import DAY, Authority
from tests.fixtures.platform import Platform
from tests.fixtures.receiving import (
    OK,
    Answer,
    Receiver,
    attempted,
    deliverer_of,
    delivering,
    endpoint,
    receiving,
)
from tests.flows.native import opened

LIMIT_S = 0.5


async def first_attempt(
    native: httpx.AsyncClient, platform: Platform, url: str, **options: Any
) -> dict[str, Any]:
    """What came of sending one event to a receiver."""
    made = await endpoint(native, url, "wallet.opened")
    async with delivering(platform, **{"timeout_s": LIMIT_S, **options}):
        await opened(native)
        delivery: dict[str, Any] = await attempted(native, made)
    return delivery


async def never(_: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def late(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(2 * LIMIT_S)
    writer.write(OK)


async def drip(writer: asyncio.StreamWriter) -> None:
    """A byte of the head at a time: no silence is as long as the limit, the whole is."""
    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 1000:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(LIMIT_S / 10)


async def hangs_up(writer: asyncio.StreamWriter) -> None:
    writer.close()


async def talks_nonsense(writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")


async def endless_head(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n" + b"X-Much: " + b"x" * 200_000 + b"\r\n\r\n")


@pytest.mark.parametrize("answer", [never, late, drip])
async def test_the_time_limit_is_for_the_whole(
    native: httpx.AsyncClient, platform: Platform, receiver: Receiver, answer: Answer
) -> None:
    receiver.answer = answer
    delivery = await first_attempt(native, platform, receiver.url)
    assert (delivery["status"], delivery["status_code"]) == ("failed", None)
    assert delivery["error"] == "no answer within 0 s"
    assert LIMIT_S * 1000 <= delivery["duration_ms"] < 10 * LIMIT_S * 1000
    assert delivery["next_attempt_at"] is not None


@pytest.mark.parametrize("answer", [hangs_up, talks_nonsense, endless_head])
async def test_what_is_no_answer_is_a_failure_with_its_reason(
    native: httpx.AsyncClient, platform: Platform, receiver: Receiver, answer: Answer
) -> None:
    receiver.answer = answer
    delivery = await first_attempt(native, platform, receiver.url, timeout_s=5.0)
    assert (delivery["status"], delivery["status_code"]) == ("failed", None)
    assert delivery["error"]


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 404, 429, 500, 503])
async def test_only_2xx_is_success(
    native: httpx.AsyncClient, platform: Platform, receiver: Receiver, status: int
) -> None:
    location = receiver.url.encode()
    receiver.says(
        b"HTTP/1.1 %d No\r\nLocation: %b\r\nContent-Length: 2\r\n\r\nno" % (status, location)
    )
    delivery = await first_attempt(native, platform, receiver.url)
    assert (delivery["status"], delivery["status_code"], delivery["answer"]) == (
        "failed", status, "no",
    )  # fmt: skip
    assert len(receiver.requests) == 1


async def test_a_huge_answer_is_read_to_its_first_kilobyte(
    native: httpx.AsyncClient, platform: Platform, receiver: Receiver
) -> None:
    sent = 0

    async def huge(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while sent < 1_000_000_000:
            writer.write(b"\xff" * 65536)
            sent += 65536
            await writer.drain()

    receiver.answer = huge
    delivery = await first_attempt(native, platform, receiver.url, timeout_s=5.0)
    assert (delivery["status"], delivery["status_code"]) == ("succeeded", 200)
    assert delivery["answer"] == "\ufffd" * 1024
    assert sent < 50_000_000


@pytest.mark.parametrize("rest", [never, hangs_up])
async def test_a_status_counts_though_the_body_never_comes(
    native: httpx.AsyncClient, platform: Platform, receiver: Receiver, rest: Answer
) -> None:
    async def begins(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegun")
        await writer.drain()
        await rest(writer)

    receiver.answer = begins
    delivery = await first_attempt(native, platform, receiver.url)
    assert (delivery["status"], delivery["error"], delivery["answer"]) == (
        "succeeded", None, "begun",
    )  # fmt: skip
    assert len(receiver.requests) == 1


async def test_nobody_listens(native: httpx.AsyncClient, platform: Platform) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    delivery = await first_attempt(native, platform, f"http://127.0.0.1:{port}/")
    assert (delivery["status"], delivery["status_code"]) == ("failed", None)


async def test_a_certificate_that_is_believed(
    native: httpx.AsyncClient, platform: Platform, tmp_path: Path
) -> None:
    ours = Authority(tmp_path)
    async with receiving(ours.server()) as receiver:
        delivery = await first_attempt(
            native, platform, receiver.url, trust=ours.trust, timeout_s=5.0
        )
    assert delivery["status"] == "succeeded"


@pytest.mark.parametrize("fault", ["expired", "another host", "self-signed"])
async def test_no_event_is_sent_to_who_proves_nothing(
    native: httpx.AsyncClient, platform: Platform, tmp_path: Path, fault: str
) -> None:
    ours, other = Authority(tmp_path), Authority(tmp_path)
    if fault == "expired":
        server = ours.server(until=-DAY)
    elif fault == "another host":
        server = ours.server(address="127.0.0.2")
    else:
        server = other.server()
    async with receiving(server) as receiver:
        delivery = await first_attempt(
            native, platform, receiver.url, trust=ours.trust, timeout_s=5.0
        )
        assert receiver.requests == []
    assert delivery["status"] == "failed"
    assert "certificate" in delivery["error"].lower()


@asynccontextmanager
async def resetting() -> AsyncIterator[str]:
    """A server that resets the connection in the middle of the handshake."""

    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    server = await asyncio.start_server(reset, "127.0.0.1", 0)
    try:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()


async def test_a_handshake_that_is_reset(native: httpx.AsyncClient, platform: Platform) -> None:
    async with resetting() as url:
        delivery = await first_attempt(native, platform, url, timeout_s=5.0)
    assert (delivery["status"], delivery["status_code"]) == ("failed", None)
    assert delivery["error"]


async def test_repeats_follow_their_schedule_and_begin_anew(
    native: httpx.AsyncClient, platform: Platform, receiver: Receiver
) -> None:
    receiver.says(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
    made = await endpoint(native, receiver.url, "wallet.opened")
    path = f"/v1/webhook-endpoints/{made['endpoint_id']}"
    async with delivering(platform, retry_after_s=(0.1, 0.2)):
        await opened(native)
        over = await attempted(native, made, 3)
        assert (over["status"], over["next_attempt_at"]) == ("failed", None)
        since = {"since": over["created_at"]}
        assert (await native.post(f"{path}/recover", json=since)).json() == {"recovered": 1}
        again = await attempted(native, made, 6)
        assert again["next_attempt_at"] is None
        assert {headers["webhook-id"] for headers, _ in receiver.requests} == {over["event_id"]}


async def test_five_days_of_failure_disable_and_all_can_be_had_later(
    native: httpx.AsyncClient, platform: Platform, receiver: Receiver
) -> None:
    """The executor's clock is moved; the event, the reason, recovering and repeating."""
    receiver.says(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
    made = await endpoint(native, receiver.url, "wallet.opened")
    path = f"/v1/webhook-endpoints/{made['endpoint_id']}"
    async with delivering(platform):
        await opened(native)
        failed = await attempted(native, made)
    almost = deliverer_of(platform, clock=lambda: platform.clock() + timedelta(days=4.9))
    await almost._sweep()
    assert (await native.get(path)).json()["is_enabled"]
    later = deliverer_of(platform, clock=lambda: platform.clock() + timedelta(days=5, minutes=1))
    with structlog.testing.capture_logs() as lines:
        await later._sweep()
    assert lines == [
        {
            "event": "webhook_endpoint_disabled",
            "log_level": "error",
            "endpoint": made["endpoint_id"],
            "reason": "failing",
        }
    ]
    await metrics.look(platform.engine, platform.clock())
    assert REGISTRY.get_sample_value("payments_webhook_endpoints_disabled") == 1
    shown = (await native.get(path)).json()
    assert (shown["is_enabled"], shown["disabled_reason"]) == (False, "failing")
    told = (await native.get("/v1/events?type=webhook_endpoint.disabled")).json()["items"]
    assert [one["data"]["disabled_reason"] for one in told] == ["failing"]
    await later._sweep()
    assert len((await native.get("/v1/events?type=webhook_endpoint.*")).json()["items"]) == 1
    for do in ("test", f"deliveries/{failed['delivery_id']}/retry"):
        refused = await native.post(f"{path}/{do}")
        assert (refused.status_code, refused.json()["code"]) == (409, "endpoint_disabled")
    receiver.says(OK)
    assert (await native.patch(path, json={"is_enabled": True})).json()["failing_since"] is None
    await metrics.look(platform.engine, platform.clock())
    assert REGISTRY.get_sample_value("payments_webhook_endpoints_disabled") == 0
    recovered = await native.post(f"{path}/recover", json={"since": failed["created_at"]})
    assert recovered.json() == {"recovered": 1}
    async with delivering(platform):
        assert (await attempted(native, made, 2))["status"] == "succeeded"
