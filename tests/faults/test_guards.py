"""Guards that matter: with each the scenario finds nothing, without it the breach is seen."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

import payments.ledger.lock
import payments.operations.loading
import payments.surfaces.superpay.effects
from payments.kernel.database import connect
from payments.kernel.sql import load_sql
from payments.payouts.status import Claim
from tests.faults import guards
from tests.fixtures.platform import eventually
from tests.fixtures.superpay import SuperPay

pytestmark = pytest.mark.faults

THERE, GONE = "guarded", "without"
BOTH = pytest.mark.parametrize("guard", [THERE, GONE])


@BOTH
async def test_unique_operation_id(
    guard: str, database: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if guard == GONE:
        connection = await connect(database)
        for table in ("operations", "transactions"):  # either keeps a copy out
            await connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_pkey CASCADE")
        await connection.close()

        begin = payments.operations.loading._begin

        async def nothing_known(*arguments: Any) -> tuple[int, dict[int, Any], dict[int, Any]]:
            transaction, _, _ = await begin(*arguments)
            return transaction, {}, {}

        monkeypatch.setattr(payments.operations.loading, "_begin", nothing_known)
    found = await guards.entry_delivered_twice(database, redis_url)
    assert found == ([] if guard == THERE else ["a credit of 10 brought 20"])


@BOTH
async def test_sorted_locks(
    guard: str, database: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if guard == GONE:
        monkeypatch.setattr(payments.ledger.lock, "load_sql", shuffled)
    found = await guards.deadlock_storm(database, redis_url)
    assert bool(found) is (guard == GONE), found


def shuffled(module: str, name: str) -> str:
    """The second of two sessions locks the other way round."""
    query = load_sql(module, name)
    assert name != "lock_accounts" or "ORDER BY id" in query
    backwards = "current_setting('application_name') = 'storm-1'"
    return query.replace("ORDER BY id", f"ORDER BY CASE WHEN {backwards} THEN -id ELSE id END")


@BOTH
async def test_acknowledge_after_commit(guard: str, database: str, redis_url: str) -> None:
    found = await guards.killed_before_commit(
        database, redis_url, without="" if guard == THERE else "ack_first"
    )
    assert bool(found) is (guard == GONE), found


@BOTH
async def test_fencing(guard: str, database: str, redis_url: str) -> None:
    found = await guards.two_owners(
        database, redis_url, without="none" if guard == THERE else "own_all"
    )
    assert bool(found) is (guard == GONE), found


@BOTH
async def test_hold_until_certain(
    guard: str, superpay: SuperPay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cut answer is no refusal: the provider took the payout and pays it."""
    observe = payments.surfaces.superpay.effects._observe

    async def doubt_is_failure(context: Any, payout_id: Any, answer: Any, *more: Any) -> None:
        if answer.claim is Claim.AMBIGUOUS:
            answer = msgspec.structs.replace(answer, claim=Claim.FAILED)
        await observe(context, payout_id, answer, *more)

    if guard == GONE:
        monkeypatch.setattr(payments.surfaces.superpay.effects, "_observe", doubt_is_failure)
    assert bool(found := await cut_and_paid(superpay)) is (guard == GONE), found


async def cut_and_paid(superpay: SuperPay) -> Sequence[str]:
    """Payouts whose answer was cut: none may be given back while the provider pays it."""
    wallet = await superpay.wallet()
    payout = await superpay.payout(wallet, "sim:drop-after-accept sim:lose-callbacks")
    shown = await superpay.reaches("payouts", payout, "paid", "failed", "canceled")
    paid = await eventually(lambda: superpay.movements(shown["merchant_id"]))
    if shown["status"] == "paid":
        return []
    return [f"the provider paid {paid}, the payout is {shown['status']}: the money is free again"]
