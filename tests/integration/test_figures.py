"""How much was decided in each of the last minutes, counted once a minute that has passed."""

from datetime import UTC, datetime, timedelta

from payments.operations.figures import MinuteCounts
from tests.fixtures.platform import Platform

NOW = datetime(2026, 11, 26, 12, 30, 30, tzinfo=UTC)


async def decided(platform: Platform, ago_s: int, status: str, accepted_ago_s: int) -> None:
    """An operation that was decided at that time."""
    async with platform.connection() as connection:
        await connection.execute(
            """INSERT INTO operations (id, kind, digest, actor, status, reason, result,
               accepted_at, decided_at) VALUES (gen_random_uuid(), 'x.y', '', 'a', $1, $2, '{}',
               $3, $4)""",
            status,
            None if status == "applied" else "no",
            NOW - timedelta(seconds=accepted_ago_s),
            NOW - timedelta(seconds=ago_s),
        )


async def test_minutes_are_counted_whole_and_again_while_they_last(platform: Platform) -> None:
    counts = MinuteCounts(platform.engine)
    await decided(platform, 600, "applied", 690)
    await decided(platform, 601, "rejected", 601)
    await decided(platform, 5, "applied", 5)
    await decided(platform, 7200, "applied", 7200)
    for more in (0, 1):
        minutes = await counts.last(timedelta(minutes=30), NOW)
        assert minutes is not None
        assert len(minutes) == 31
        rows = [(NOW.minute - m.at.minute, (m.accepted, m.applied, m.refused)) for m in minutes]
        seen = {ago: row for ago, row in rows if any(row)}
        assert seen == {10: (1, 1, 1), 11: (1, 0, 0), 0: (1 + more, 1 + more, 0)}
        await decided(platform, 4, "applied", 4)
