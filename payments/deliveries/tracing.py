"""A span for each attempt to deliver, in the trace of the operation that the event tells."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import sqlalchemy as sa

from payments.deliveries.send import Sent
from payments.kernel import tracing

Send = Callable[[Mapping[str, str]], Awaitable[Sent]]
"""Sends with these headers beside the usual ones."""

_NOTHING: Final[Mapping[str, str]] = {}


async def traced(row: sa.Row[Any], send: Send) -> Sent:
    """Send; while traces are on the receiver gets the attempt's `traceparent`."""
    tracer = tracing.tracer()
    if tracer is None:
        return await send(_NOTHING)
    parent = tracing.checked(row.traceparent or "")
    span = tracer.begin("webhook POST", parent=parent, kind="client")
    sent: Sent | None = None
    try:
        with tracing.within(span):
            sent = await send({"traceparent": span.traceparent})
        return sent
    finally:
        span.end(attributes=_attributes(row, sent))


def _attributes(row: sa.Row[Any], sent: Sent | None) -> tracing.Attributes:
    """Nothing of the URL: secrets may stand in it."""
    about: dict[str, str | int | float | bool] = {
        "payments.delivery_id": str(row.id),
        "payments.endpoint_id": str(row.endpoint_id),
        "payments.event_id": row.event_id,
        "payments.attempt": row.attempt_count + 1,
        "http.request.method": "POST",
    }
    if sent is not None and sent.status_code is not None:
        about["http.response.status_code"] = sent.status_code
    if sent is None or not sent.is_success:
        about["error.type"] = _error(sent)
    return about


def _error(sent: Sent | None) -> str:
    """OpenTelemetry's `error.type`: the status, or a word where there is none."""
    if sent is None:
        return "cut_off"
    return "no_answer" if sent.status_code is None else str(sent.status_code)
