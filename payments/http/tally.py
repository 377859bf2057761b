"""Counts requests for `/metrics`.

The counters and histograms of prometheus_client take a lock for each number and a loop for each
observation, 3 us a request. Here a request is three additions; the rest is done when somebody asks.
All requests of a process are counted in one thread.
"""

from bisect import bisect_left
from collections.abc import Iterable
from typing import Final

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

_BOUNDS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30)
_REQUESTS: Final = "payments_http_requests"
_SECONDS: Final = "payments_http_request_seconds"


class _Route:
    """Requests of a method and a route: by status, by time to answer, and the sum of that."""

    __slots__ = ("buckets", "seconds", "statuses")

    def __init__(self) -> None:
        self.statuses: dict[int, int] = {}
        self.buckets = [0] * (len(_BOUNDS_S) + 1)
        self.seconds = 0.0


class Tally(Collector):
    """Requests by method, route and status, and how long they took by method and route."""

    def __init__(self) -> None:
        """One instance per process."""
        self._routes: dict[tuple[str, str], _Route] = {}

    def add(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        counted = self._routes.get((method, route))
        if counted is None:
            counted = self._routes[method, route] = _Route()
        counted.statuses[status] = counted.statuses.get(status, 0) + 1
        counted.buckets[bisect_left(_BOUNDS_S, seconds)] += 1
        counted.seconds += seconds

    def collect(self) -> Iterable[Metric]:
        """Both metrics."""
        requests = CounterMetricFamily(
            _REQUESTS, "Requests by route and status", labels=["method", "route", "status"]
        )
        seconds = HistogramMetricFamily(
            _SECONDS, "Time to answer, by route", labels=["method", "route"]
        )
        for labels, counted in self._routes.items():
            for status, count in counted.statuses.items():
                requests.add_metric([*labels, str(status)], count)
            seconds.add_metric(labels, _cumulated(counted.buckets), counted.seconds)
        return [requests, seconds]


def _cumulated(buckets: Iterable[int]) -> list[tuple[str, float]]:
    total = 0
    rows: list[tuple[str, float]] = []
    for bound, count in zip((*map(float, _BOUNDS_S), float("inf")), buckets, strict=True):
        total += count
        rows.append(("+Inf" if bound == float("inf") else str(bound), total))
    return rows


TALLY: Final = Tally()
REGISTRY.register(TALLY)
