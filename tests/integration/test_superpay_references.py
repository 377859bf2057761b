"""Rows of SuperPay cannot point to what does not exist, in whatever order a batch writes them."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from payments.kernel.database import Connection, connect
from tests.integration.breaches import DEPOSIT, NOBODY, PAYOUT

WALLET = """
    INSERT INTO wallets (id, currency, owner, created_by, metadata, created_at)
    VALUES (1, 'RUB', 'o', 'x', '{}', now())
"""
PAYOUT_EVIDENCE = f"""
    INSERT INTO payout_evidence
           (id, payout_id, number, source, claim, verdict, state_after, details, actor, recorded_at)
    VALUES ('{NOBODY}', '{NOBODY}', 1, 'client', 'submit', 'moved', 'held', '{{}}', 'x', now())
"""
DEPOSIT_EVIDENCE = f"""
    INSERT INTO deposit_evidence
           (id, deposit_id, number, source, verdict, state_after, details, actor, recorded_at)
    VALUES ('{NOBODY}', '{NOBODY}', 1, 'client', 'moved', 'created', '{{}}', 'x', now())
"""
ATTEMPT = f"""
    INSERT INTO payout_attempts
           (merchant_id, payout_id, claim_id, sends, is_live, is_doubtful, first_sent_at,
            last_sent_at)
    VALUES (1, '{NOBODY}', '{NOBODY}', 1, true, false, now(), now())
"""


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    connection = await connect(database)
    yield connection
    await connection.close()


@pytest.mark.parametrize("statement", [PAYOUT, DEPOSIT, PAYOUT_EVIDENCE, DEPOSIT_EVIDENCE, ATTEMPT])
async def test_a_row_of_nothing_is_refused(connection: Connection, statement: str) -> None:
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await connection.execute(statement)


async def test_a_child_may_be_written_before_its_parent(connection: Connection) -> None:
    async with connection.transaction():
        for statement in (DEPOSIT_EVIDENCE, DEPOSIT, ATTEMPT, PAYOUT_EVIDENCE, PAYOUT, WALLET):
            await connection.execute(statement)
    assert await connection.fetchval("SELECT count(*) FROM payout_evidence") == 1
