"""Traces by OpenTelemetry, sent as OTLP over HTTP. Needs the extra `payments-platform[otel]`."""

import time
from collections.abc import Sequence
from typing import Final

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, TraceFlags

from payments.kernel.tracing import Attributes

_EVERY_MS: Final = 1000
_FLUSH_MS: Final = 2000
_HEX: Final = 16


class OtelSpan:
    """A span of OpenTelemetry."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span
        context = span.get_span_context()
        flags = int(context.trace_flags)
        self.traceparent = f"00-{context.trace_id:032x}-{context.span_id:016x}-{flags:02x}"

    def end(self, *, name: str | None = None, attributes: Attributes | None = None) -> None:
        """It is over; now its name and what it was about are known."""
        if name is not None:
            self._span.update_name(name)
        if attributes:
            self._span.set_attributes(dict(attributes))
        self._span.end()


class OtelTracer:
    """Spans are sent by a thread of their own; a collector that is away costs the spans only.

    Sampling is OpenTelemetry's own: OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG.
    """

    def __init__(self, role: str, exporter: SpanExporter) -> None:
        """`role` becomes the service's name."""
        resource = Resource.create({"service.name": f"payments-{role}"})
        self._provider = TracerProvider(resource=resource)
        self._provider.add_span_processor(
            BatchSpanProcessor(exporter, schedule_delay_millis=_EVERY_MS)
        )
        self._tracer = self._provider.get_tracer("payments")

    def begin(
        self,
        name: str,
        *,
        parent: str = "",
        kind: str = "internal",
        links: Sequence[str] = (),
        began_ns: int | None = None,
    ) -> OtelSpan:
        """A span; `parent` and `links` are traceparents."""
        above = trace.set_span_in_context(NonRecordingSpan(_context(parent))) if parent else None
        span = self._tracer.start_span(
            name,
            context=above,
            kind=SpanKind[kind.upper()],
            links=[Link(_context(one)) for one in links],
            start_time=began_ns or time.time_ns(),
        )
        return OtelSpan(span)

    def flush(self) -> None:
        """Send what is finished."""
        self._provider.force_flush(_FLUSH_MS)

    def close(self) -> None:
        """Send what is finished, and end the thread."""
        self._provider.shutdown()


def _context(traceparent: str) -> SpanContext:
    _, trace_id, span_id, flags = traceparent.split("-")
    return SpanContext(
        int(trace_id, _HEX),
        int(span_id, _HEX),
        is_remote=True,
        trace_flags=TraceFlags(int(flags, _HEX)),
    )


def create_tracer(url: str, role: str) -> OtelTracer:
    """A tracer that sends to a collector: http://collector:4318/v1/traces."""
    return OtelTracer(role, OTLPSpanExporter(endpoint=url, timeout=2))
