"""One trace from the request over stream, batch and effect to SuperPay's callback and webhooks."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from payments.entrypoints.otel import OtelTracer
from payments.kernel import tracing
from tests.fixtures.platform import Platform, eventually
from tests.fixtures.receiving import Receiver, deliveries, delivering, endpoint
from tests.fixtures.superpay import SuperPay
from tests.flows.native import WAIT

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
WALLET = {"currency": "RUB", "owner": "u"}
GIVEN = f"00-{TRACE}-00f067aa0ba902b7-01"
WHOLE_PATH = {
    "POST /v1/payouts",
    "append payout.request",
    "decide payout.request",
    "effect superpay.submit_payout",
    "append payout.submit",
    "decide payout.submit",
    "superpay POST",
    "POST /v1/superpay/callbacks",
    "append payout.observe",
    "decide payout.observe",
}


@pytest.fixture
def exporter() -> Iterator[InMemorySpanExporter]:
    """Keeps the spans of this process."""
    kept = InMemorySpanExporter()
    tracer = OtelTracer("test", kept)
    tracing.install(tracer)
    yield kept
    tracing.install(None)
    tracer.close()


async def test_a_payout_is_one_trace(superpay: SuperPay, exporter: InMemorySpanExporter) -> None:
    wallet = await superpay.wallet()
    body = {"wallet_id": wallet, "superpay_wallet_id": "W-1", "amount": "10", "currency": "RUB"}
    held = await superpay.post("/v1/payouts", body, headers={"traceparent": GIVEN})
    assert held.status_code == 201, held.text
    await superpay.reaches("payouts", held.json()["payout_id"], "paid")

    async def names() -> bool:
        tracer = tracing.tracer()
        assert tracer is not None
        tracer.flush()
        return {span.name for span in _of_trace(exporter)} >= WHOLE_PATH

    await eventually(names)
    spans = {span.name: span for span in _of_trace(exporter)}
    request, decided = spans["POST /v1/payouts"], spans["decide payout.request"]
    assert request.attributes is not None
    assert decided.attributes is not None
    assert request.attributes["http.response.status_code"] == 201
    assert decided.attributes["payments.operation_id"] == held.json()["operation_id"]
    assert decided.attributes["payments.status"] == "applied"
    assert decided.parent is not None
    assert request.context is not None
    assert decided.parent.span_id == request.context.span_id
    batches = [span for span in exporter.get_finished_spans() if span.name == "batch"]
    linked = {link.context.trace_id for span in batches for link in span.links}
    assert int(TRACE, 16) in linked


def _of_trace(exporter: InMemorySpanExporter) -> list[ReadableSpan]:
    spans = exporter.get_finished_spans()
    return [s for s in spans if s.context is not None and s.context.trace_id == int(TRACE, 16)]


async def test_each_attempt_of_a_webhook_belongs_to_the_trace_of_its_operation(
    superpay: SuperPay, receiver: Receiver, exporter: InMemorySpanExporter
) -> None:
    native = superpay.http
    made = await endpoint(native, receiver.url, "wallet.opened")
    receiver.says(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
    async with delivering(superpay.platform, retry_after_s=(0.1,)):
        await native.post("/v1/wallets", json=WALLET, headers={**WAIT, "traceparent": GIVEN})
        await eventually(lambda: _settled(native, made, 2))
        attempts = _named(exporter, "webhook POST")
        await native.post(f"/v1/webhook-endpoints/{made['endpoint_id']}/test")
        await eventually(lambda: _settled(native, made, 3))
    assert [span.attributes and span.attributes["payments.attempt"] for span in attempts] == [1, 2]
    for span, (headers, body) in zip(attempts, receiver.requests, strict=False):
        assert span.context is not None
        assert f"{span.context.trace_id:032x}" == TRACE
        assert headers["traceparent"] == f"00-{TRACE}-{span.context.span_id:016x}-01"
        assert span.attributes is not None
        assert span.attributes["error.type"] == "500"
        assert span.attributes["payments.event_id"] == headers["webhook-id"]
        assert b"traceparent" not in body
    asked = _named(exporter, "POST /v1/webhook-endpoints/{endpoint_id}/test", of_trace=False)[-1]
    tested = receiver.requests[-1][0]["traceparent"]
    assert asked.context is not None
    assert tested[3:35] == f"{asked.context.trace_id:032x}"
    shown = (await native.get("/v1/events", params={"type": "wallet.opened"})).json()["items"]
    assert "traceparent" not in shown[-1]


async def test_without_traces_events_and_deliveries_have_not_one_byte_more(
    native: httpx.AsyncClient, platform: Platform, receiver: Receiver
) -> None:
    made = await endpoint(native, receiver.url, "wallet.opened")
    async with delivering(platform):
        await native.post("/v1/wallets", json=WALLET, headers={**WAIT, "traceparent": GIVEN})
        await eventually(lambda: _settled(native, made, 1))
    assert "traceparent" not in receiver.requests[0][0]
    assert await platform.value("SELECT traceparent FROM webhook_deliveries") is None
    assert (
        await platform.value("SELECT json_array_length(events::json -> 0) FROM event_batches") == 5
    )


async def _settled(native: httpx.AsyncClient, made: dict[str, Any], attempts: int) -> bool:
    listed = await deliveries(native, made)
    return sum(int(one["attempt_count"]) for one in listed) >= attempts


def _named(
    exporter: InMemorySpanExporter, name: str, *, of_trace: bool = True
) -> list[ReadableSpan]:
    tracer = tracing.tracer()
    assert tracer is not None
    tracer.flush()
    spans = _of_trace(exporter) if of_trace else list(exporter.get_finished_spans())
    return [span for span in spans if span.name == name]
