"""What the figures of `payments bench http` are compared with besides the baseline.

A bulk with applying alone in the same run; a request with a key with the same one without.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from payments.entrypoints import memory
from payments.entrypoints.consumer import TELLER
from payments.kernel.clock import utc_now
from payments.kernel.randomness import seeded
from payments.operations.apply import Applier
from payments.registry import OPERATIONS
from payments_tools.bench.ledger import (
    apply_all,
    apply_lanes,
    as_consumer,
    transfer_entries,
    uniform,
)
from payments_tools.bench.report import Figure
from payments_tools.bench.ways import Way

_BATCH: Final = 1000
_BATCHES: Final = 15


async def apply_alone(database_url: str, ids: Sequence[int]) -> Figure:
    """Batches applied as a consumer does, without HTTP, Redis and a load generator beside it."""
    rng = seeded("bench http")
    sessions = await as_consumer(database_url)
    applier = Applier(OPERATIONS, utc_now, TELLER)
    memory.settle()
    warm = transfer_entries(uniform(ids, 2 * _BATCH, rng))
    await apply_all(sessions[0], applier, warm, _BATCH)
    entries = transfer_entries(uniform(ids, _BATCHES * _BATCH, rng))
    sample = await apply_lanes(sessions, applier, entries, _BATCH)
    for session in sessions:
        await session.close()
    return Figure(
        name="applied alone, no HTTP",
        per_second=sample.per_second,
        p50_ms=sample.p50_ms,
        p99_ms=sample.p99_ms,
        note=f"batches of {_BATCH:,} on {len(sessions)} sessions; times of a batch",
    )


def with_shares(
    measured: Sequence[tuple[Way, Figure]], applied: Figure
) -> tuple[list[Figure], dict[str, str]]:
    """The figures with their shares in the notes, and all shares by name."""
    rates = {way.short: figure.per_second for way, figure in measured}
    figures: list[Figure] = []
    shares: dict[str, str] = {}
    for way, figure in measured:
        notes = [figure.note]
        plain = way.short.removesuffix(" key")
        if plain != way.short:
            shares[f"{plain}: with a key / without"] = f"{figure.per_second / rates[plain]:.2f}"
            notes.append(f"{shares[f'{plain}: with a key / without']} of the same without a key")
        if way.operations > 1:
            share = shares[f"{way.short} / applied alone"] = (
                f"{figure.per_second / applied.per_second:.2f}"
            )
            notes.append(f"{share} of applied alone")
        figures.append(msgspec.structs.replace(figure, note="; ".join(notes)))
    return figures, shares
