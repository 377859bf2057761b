"""Prometheus metrics of the scheduler."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

RUNS: Final = Counter("payments_job_runs_total", "Runs of a job by this process", ["job", "result"])
RUN_S: Final = Histogram(
    "payments_job_seconds",
    "Time a run took",
    ["job"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 1800),
)
TROUBLES: Final = Counter(
    "payments_job_troubles_total",
    "Runs that failed, came late or found one running",
    ["job", "trouble"],
)
CLOCK_JUMPS: Final = Counter("payments_clock_jumps_total", "Times the wall clock jumped")
SUCCESS_AGE_S: Final = Gauge(
    "payments_job_last_success_age_seconds", "Since a job last succeeded, in any process", ["job"]
)
HANDLED: Final = Gauge(
    "payments_job_last_handled", "What the last run of a job dealt with or found", ["job"]
)
BREACHES: Final = Gauge("payments_invariant_breaches", "Contradictions in what is new", ["check"])
STREAM_BACKLOG: Final = Gauge(
    "payments_stream_backlog", "Entries in a stream", ["stream", "partition"]
)
STREAM_PENDING: Final = Gauge(
    "payments_stream_pending", "Entries delivered and not acknowledged", ["stream", "partition"]
)
STREAM_OLDEST_S: Final = Gauge(
    "payments_stream_oldest_seconds", "Age of the oldest entry", ["stream", "partition"]
)
DEAD_LETTERS: Final = Gauge(
    "payments_dead_letters", "Parked entries that wait for an operator", ["stream"]
)
CONSUMERS: Final = Gauge("payments_consumers_alive", "Consumers with a fresh heartbeat")
