"""Spans of deciding: one for a batch, and one in the trace of each operation that is traced."""

import time
from collections.abc import Awaitable, Callable

from payments.kernel import tracing
from payments.operations.items import Answer
from payments.operations.outcome import Status


async def traced(size: int | None, apply: Callable[[], Awaitable[list[Answer]]]) -> list[Answer]:
    """Run a batch; traces tell how long it took and what became of each operation.

    `size`: how many entries it has; None: as many as it gives answers.
    """
    tracer = tracing.tracer()
    if tracer is None:
        return await apply()
    began_ns = time.time_ns()
    answers = await apply()
    asked = [a for a in answers if _is_traced(a)]
    if not asked:
        return answers
    links = [a.envelope.traceparent for a in asked if a.envelope is not None]
    batch = tracer.begin("batch", kind="consumer", links=links, began_ns=began_ns)
    for answer in asked:
        _tell(tracer, answer, batch.traceparent, began_ns)
    batch.end(
        attributes={
            "payments.entries": len(answers) if size is None else size,
            "payments.traced": len(asked),
        }
    )
    return answers


def _is_traced(answer: Answer) -> bool:
    """Items of a bulk have no span each: the bulk has one."""
    envelope = answer.envelope
    is_own = envelope is not None and answer.whole is None
    return is_own and envelope is not None and bool(tracing.checked(envelope.traceparent))


def _tell(tracer: tracing.Tracer, answer: Answer, batch: str, began_ns: int) -> None:
    envelope, decision = answer.envelope, answer.decision
    if envelope is None:
        return
    parked = Status.ACCEPTED if answer.is_replay else Status.PARKED
    span = tracer.begin(
        f"decide {envelope.kind}",
        parent=envelope.traceparent,
        kind="consumer",
        links=[batch],
        began_ns=began_ns,
    )
    span.end(
        attributes={
            "payments.operation_id": str(envelope.operation_id),
            "payments.status": parked.value if decision is None else decision.status,
            "payments.reason": "" if decision is None else decision.reason or "",
            "payments.replay": answer.is_replay,
            "payments.partition": answer.entry.partition,
        }
    )
