"""What a balance can count, and what turnover has to do with it: nothing."""

from collections.abc import AsyncIterator, Sequence

import pytest

from payments.kernel.database import connect
from payments.kernel.money import MINOR_MAX
from payments.ledger.account import OWNED_MAX
from payments.wallets.adjust import AdjustWallet
from streams.ownership import ensure_partitions
from tests.fixtures.invariants import assert_invariants
from tests.integration.test_apply import Bench, credit, reasons, transfer

FULL = OWNED_MAX // MINOR_MAX
NOT_OURS = ("redis_not_behind",)
"""These tests put nothing into Redis."""


def debit(wallet: int) -> AdjustWallet:
    return AdjustWallet(
        wallet_id=wallet, minor=MINOR_MAX, currency="RUB", is_credit=False, reason="test"
    )


@pytest.fixture
async def bench(database: str) -> AsyncIterator[Bench]:
    connection = await connect(database)
    await ensure_partitions(connection, 4)
    yield Bench(connection)
    await connection.close()


async def all_of(bench: Bench, kind: str, intents: Sequence[AdjustWallet]) -> dict[str | None, int]:
    """How often each outcome was given."""
    counts: dict[str | None, int] = {}
    for start in range(0, len(intents), 1000):
        batch = [bench.entry(kind, intent) for intent in intents[start : start + 1000]]
        for reason in reasons(await bench.apply(*batch)):
            counts[reason] = counts.get(reason, 0) + 1
    return counts


@pytest.mark.case("M7")
async def test_ten_thousand_of_the_largest_credits(
    bench: Bench, database: str, redis_url: str
) -> None:
    wallet, other = await bench.wallet(), await bench.wallet()
    outcomes = await all_of(bench, "wallet.adjust", [credit(wallet, MINOR_MAX)] * 10_000)
    assert outcomes == {None: FULL, "balance_limit": 10_000 - FULL}
    assert await bench.balance(wallet) == OWNED_MAX
    await bench.apply(
        *(bench.entry("transfer.create", transfer(wallet, other, MINOR_MAX)) for _ in range(FULL))
    )
    assert await bench.balance(wallet) == 0
    # The other wallet is full now, and says so; the first one receives again.
    full = await bench.apply(bench.entry("wallet.adjust", credit(other, 1)))
    again = await bench.apply(bench.entry("wallet.adjust", credit(wallet, MINOR_MAX)))
    assert reasons([*full, *again]) == ["balance_limit", None]
    assert await bench.connection.fetchval("SELECT count(*) FROM dead_letters") == 0
    await assert_invariants(database, redis_url, allowed=NOT_OURS)


@pytest.mark.case("M7")
async def test_more_goes_through_a_wallet_than_a_counter_holds(
    bench: Bench, database: str, redis_url: str
) -> None:
    wallet = await bench.wallet()
    for _ in range(20):
        there_and_back = [credit(wallet, MINOR_MAX)] * 500 + [debit(wallet)] * 500
        assert await all_of(bench, "wallet.adjust", there_and_back) == {None: 1000}
    # As if that had gone on for long: the counters end up where folding leaves them.
    turnover = await bench.connection.fetchval("SELECT sum(abs(amount)) FROM entries")
    assert turnover > 2**63
    assert await bench.balance(wallet) == 0
    assert await bench.connection.fetchval("SELECT max(credits_posted) FROM accounts") < 2**58
    await assert_invariants(database, redis_url, allowed=NOT_OURS)


@pytest.mark.case("M7")
async def test_an_operation_that_is_refused_by_the_limit_leaves_nothing(bench: Bench) -> None:
    a, b = await bench.wallet(5), await bench.wallet()
    await bench.connection.execute(
        "UPDATE accounts SET credits_posted = $1 WHERE id = $2", OWNED_MAX, b
    )
    refused = await bench.apply(
        bench.entry("transfer.create", transfer(a, b, 1)),
        bench.entry("transfer.create", transfer(b, a, 7)),
        bench.entry("transfer.create", transfer(a, b, 7)),
        bench.entry("transfer.create", transfer(a, b, 1)),
    )
    assert reasons(refused) == ["balance_limit", None, None, "balance_limit"]
    assert (await bench.balance(a), await bench.balance(b)) == (5, OWNED_MAX)
