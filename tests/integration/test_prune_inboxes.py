"""Tables that outsiders fill stay bounded; what waits for somebody stays."""

import pytest

from payments.callbacks import writes
from payments.entrypoints.scheduler import create_tools
from payments.kernel.clock import utc_now
from scheduler.jobs import prune_inboxes
from tests.fixtures.platform import Platform

CALLBACK = """
    INSERT INTO provider_callbacks (id, provider, event_id, raw, headers, state, matches,
           received_at, next_match_at, decided_at)
    SELECT gen_random_uuid(), 'superpay', state || days, '', '{}', state, 0,
           now() - days * interval '1 day',
           CASE WHEN state = 'received' THEN now() END,
           CASE WHEN state <> 'received' THEN now() - days * interval '1 day' END
      FROM unnest(ARRAY['done', 'operator', 'received']) AS state,
           unnest(ARRAY[1, 500]) AS days
"""


@pytest.mark.case("C18")
async def test_what_nobody_needs_any_more_goes(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writes, "REJECTED_MAX", 20)
    for number in range(30):
        await writes.note_rejected(
            platform.engine, "superpay", b"%d" % number, "signature", utc_now()
        )
    async with platform.connection() as connection:
        await connection.execute(CALLBACK)
    async with create_tools(platform.settings) as tools:
        assert await prune_inboxes.run(tools) == 10 + 1
        assert await prune_inboxes.run(tools) == 0
    left = "SELECT string_agg(event_id, ' ' ORDER BY event_id) FROM provider_callbacks"
    assert await platform.value(left) == "done1 operator1 operator500 received1 received500"
    assert await platform.value("SELECT count(*) FROM rejected_callbacks") == 20
