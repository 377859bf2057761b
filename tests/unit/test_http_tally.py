"""What `/metrics` says of requests is what prometheus_client would say."""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from payments.http.tally import Tally

SEEN = [("POST", "/a", 201, 0.001), ("POST", "/a", 202, 0.0011), ("GET", "/b", 404, 31.0)] * 3


def test_it_says_what_counters_and_histograms_say() -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    tally = Tally()
    ours.register(tally)
    requests = Counter(
        "payments_http_requests_total",
        "Requests by route and status",
        ["method", "route", "status"],
        registry=theirs,
    )
    seconds = Histogram(
        "payments_http_request_seconds",
        "Time to answer, by route",
        ["method", "route"],
        registry=theirs,
        buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30),
    )
    for method, route, status, took_s in SEEN:
        tally.add(method, route, status, took_s)
        requests.labels(method, route, str(status)).inc()
        seconds.labels(method, route).observe(took_s)
    assert lines(ours) == lines(theirs)


def lines(registry: CollectorRegistry) -> list[str]:
    """Without when a metric was made."""
    text = generate_latest(registry).decode()
    return sorted(line for line in text.splitlines() if "_created" not in line)
