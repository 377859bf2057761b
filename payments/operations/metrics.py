"""Prometheus metrics of every stage an intent goes through."""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

from prometheus_client import Counter, Gauge, Histogram

if TYPE_CHECKING:
    from payments.operations.items import Answer

ACCEPTED: Final = Counter("payments_accepted_total", "Intents durably in the stream", ["kind"])
NOT_ACCEPTED: Final = Counter(
    "payments_not_accepted_total", "Intents turned away with 503", ["reason"]
)
DECIDED: Final = Counter("payments_decided_total", "Operations decided", ["kind", "status"])
REPLAYED: Final = Counter("payments_replayed_total", "Entries whose operation was decided before")
CONFLICTS: Final = Counter(
    "payments_conflicts_total", "Entries with other content under a known operation id"
)
PARKED: Final = Counter("payments_parked_total", "Entries that became dead letters")
NOT_UNDERSTOOD: Final = Gauge(
    "payments_not_understood",
    "Entries left in the stream for a newer consumer, and those that wait behind them",
    ["partition"],
)
BACKLOG: Final = Gauge(
    "payments_backlog", "Entries in the stream that are not applied yet", ["partition"]
)
BATCH_SIZE: Final = Histogram(
    "payments_batch_size",
    "Entries a batch",
    buckets=(1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2000),
)
SET_ASIDE: Final = Gauge(
    "payments_set_aside",
    "Entries that wait for what another session has locked or for rows that are read slowly",
)
SET_ASIDE_S: Final = Gauge(
    "payments_set_aside_oldest_seconds", "How long the oldest of them has waited"
)
APPLY_S: Final = Histogram(
    "payments_apply_seconds",
    "Time to apply a batch",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
)


@cache
def accepted(kind: str) -> Counter:
    """The counter of accepted intents of a kind; looking a label up took a microsecond."""
    return ACCEPTED.labels(kind)


def observe_batch(size: int, seconds: float, answers: Sequence["Answer"]) -> None:
    """Count what a batch did."""
    BATCH_SIZE.observe(size)
    APPLY_S.observe(seconds)
    counts: dict[tuple[str, str], int] = {}
    for answer in answers:
        if answer.is_conflict:
            CONFLICTS.inc()
        elif answer.is_replay:
            REPLAYED.inc()
        elif answer.decision is None:
            PARKED.inc()
        else:
            key = (answer.decision.kind, answer.decision.status)
            counts[key] = counts.get(key, 0) + 1
    for (kind, status), count in counts.items():
        DECIDED.labels(kind, status).inc(count)
