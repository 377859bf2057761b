"""What the figures of `payments bench http` are compared with besides the baseline.

A bulk with applying alone in the same run; a request with a key with the same one without.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from payments.entrypoints import memory
from payments.kernel.randomness import seeded
from payments_tools.bench.ledger import (
    apply_all,
    apply_lanes,
    as_consumer,
    consumers_applier,
    transfer_entries,
    uniform,
)
from payments_tools.bench.report import Figure
from payments_tools.bench.ways import Way
from streams.consumer import BATCH_MAX

_BATCHES: Final = 10


async def apply_alone(database_url: str, ids: Sequence[int]) -> Figure:
    """Batches applied as a consumer does, without HTTP, Redis and a load generator beside it."""
    rng = seeded("bench http")
    sessions = await as_consumer(database_url)
    applier = consumers_applier()
    memory.settle()
    warm = transfer_entries(uniform(ids, 2 * BATCH_MAX, rng))
    await apply_all(sessions[0], applier, warm, BATCH_MAX)
    entries = transfer_entries(uniform(ids, _BATCHES * BATCH_MAX, rng))
    sample = await apply_lanes(sessions, applier, entries, BATCH_MAX)
    for session in sessions:
        await session.close()
    return Figure(
        name="applied alone, no HTTP",
        per_second=sample.per_second,
        p50_ms=sample.p50_ms,
        p99_ms=sample.p99_ms,
        note=f"batches of {BATCH_MAX:,} on {len(sessions)} sessions; times of a batch",
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
