"""One measurement: a rate, and the latencies behind it."""

from collections.abc import Sequence

import msgspec


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """Operations per second, and the latencies of operations or of their batches."""

    per_second: float
    p50_ms: float
    p99_ms: float


def sample(operations: int, seconds: float, latencies_s: Sequence[float]) -> Sample:
    """The measurement of `operations` done in `seconds`."""
    ordered = sorted(latencies_s)
    return Sample(
        per_second=operations / seconds,
        p50_ms=percentile(ordered, 50) * 1000,
        p99_ms=percentile(ordered, 99) * 1000,
    )


def percentile(ordered: Sequence[float], percent: int) -> float:
    """The value that `percent` of the sorted values stay below; 0 when there are none."""
    return ordered[len(ordered) * percent // 100] if ordered else 0.0


def median(samples: Sequence[Sample]) -> Sample:
    """The median sample, so that one checkpoint or a busy neighbour does not distort the figure."""
    return sorted(samples, key=lambda s: s.per_second)[len(samples) // 2]
