"""One trace from the request over stream, batch and effect to SuperPay's callback."""

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from payments.entrypoints.otel import OtelTracer
from payments.kernel import tracing
from tests.fixtures.platform import eventually
from tests.fixtures.superpay import SuperPay

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
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
