"""What something costs on the apply path: batches with it and without take turns."""

import statistics
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from payments.kernel.randomness import Seeded
from payments_tools.bench.ledger import transfer_entries, uniform
from payments_tools.bench.report import Figure
from payments_tools.bench.sample import Sample
from streams.entry import Entry

Apply = Callable[[list[Entry]], Awaitable[Sample]]
Pair = tuple[Sample, Sample]
"""With and without."""
_WARM: Final = 2


async def measure(
    ways: tuple[Apply, Apply], ids: Sequence[int], transfers: int, batch: int, rng: Seeded
) -> list[Pair]:
    """Batches of transfers with and without, who is first in turn; the first pairs are not told."""
    pairs: list[Pair] = []
    for turn in range(_WARM + max(1, transfers // batch)):
        order = (0, 1) if turn % 2 else (1, 0)
        done = {n: await ways[n](transfer_entries(uniform(ids, batch, rng))) for n in order}
        pairs.append((done[0], done[1]))
    return pairs[_WARM:]


def figures(pairs: Sequence[Pair], what: str) -> list[Figure]:
    """The median of each side; the ratio is the median of the pairs' ratios."""
    ratio = statistics.median(dear.per_second / plain.per_second for dear, plain in pairs)
    names = (f"applied with {what}", f"applied without {what}")
    return [
        Figure(
            name=name,
            per_second=statistics.median(pair[n].per_second for pair in pairs),
            ratio=ratio if n == 0 else 1,
            p50_ms=statistics.median(pair[n].p50_ms for pair in pairs),
            p99_ms=max(pair[n].p99_ms for pair in pairs),
            note="median of pairs of batches; times of a batch",
        )
        for n, name in enumerate(names)
    ]
