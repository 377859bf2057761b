"""API keys of 0.1.0 become clients: their operations, and what they have proposed, stay theirs."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from migrations.run import migrate_async
from payments.apikeys.token import new_token
from payments.apikeys.writes import create_key, find_key, list_keys
from payments.kernel.clock import utc_now
from payments.kernel.database import connect, create_engine

RELEASED = "0011"
"""The schema of 0.1.0."""
MADE_AT = datetime(2026, 11, 20, tzinfo=UTC)
BREAK_ID = UUID(int=1)


async def keys_of_0_1_0(database: str, *names: str) -> list[str]:
    """Ids of keys with these names, each a minute younger than the one before."""
    connection = await connect(database)
    try:
        ids = []
        for minutes, name in enumerate(names):
            token = new_token("development")
            ids.append(token.id)
            await connection.execute(
                "INSERT INTO api_keys (id, name, scopes, secret_hash, created_at)"
                " VALUES ($1, $2, '{*}', $3, $4)",
                token.id,
                name,
                token.digest(),
                MADE_AT + timedelta(minutes=minutes),
            )
        return ids
    finally:
        await connection.close()


@pytest.mark.case("M1", "C17")
async def test_keys_of_one_name_become_one_client(database: str) -> None:
    await migrate_async(database, "base")
    await migrate_async(database, RELEASED)
    oldest, second, other = await keys_of_0_1_0(database, "backend", "backend", "console")
    connection = await connect(database)
    await connection.execute(
        "INSERT INTO breaks (id, provider, kind, severity, state, at_risk_minor, currency, details,"
        " found_by, proposal, opened_at)"
        " VALUES ($1, 'superpay', 'k', 's', 'open', 1, 'RUB', '{}', 'f', $2, $3)",
        BREAK_ID,
        f'{{"proposed_by": "key:{second}", "reason": "r"}}',
        MADE_AT,
    )
    await migrate_async(database)
    proposal = await connection.fetchval("SELECT proposal ->> 'proposed_by' FROM breaks")
    await connection.close()
    assert proposal == f"key:{oldest}", "its own client must not approve it"
    engine = create_engine(database)
    try:
        new = await create_key(
            engine, utc_now, env="development", name="backend", scopes=("wallets:read",)
        )
        late = (await keys_of_0_1_0(database, "beside"))[0]
        by_id = {key.id: key for key in await list_keys(engine)}
        for key_id in (oldest, second, new.id):
            assert by_id[key_id].actor == f"key:{oldest}", "the oldest key's operations keep ids"
            assert by_id[key_id].earlier_actors == (f"key:{second}",)
        assert (by_id[other].actor, by_id[other].earlier_actors) == (f"key:{other}", ())
        assert by_id[late].actor == f"key:{late}", "0.1.0 may still make keys during an upgrade"
        assert await find_key(engine, new.id) == by_id[new.id]
        first = await create_key(
            engine, utc_now, env="development", name="new", scopes=("wallets:read",)
        )
        made = await find_key(engine, first.id)
        assert made is not None
        assert (made.actor, made.earlier_actors) == ("client:new", ())
    finally:
        await engine.dispose()
