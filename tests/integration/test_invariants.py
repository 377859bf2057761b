"""Every check is seen to fail: the data are broken on purpose, and exactly that is reported."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

import payments.holds.create
import payments.transfers.create
import payments.wallets.adjust
import payments.wallets.open
from payments.holds.create import CreateHold
from payments.operations.submit import fresh
from payments.transfers.create import CreateTransfer
from payments.wallets.adjust import AdjustWallet
from payments.wallets.open import OpenWallet
from scheduler.checks.audit import audit
from scheduler.checks.catalog import CHECKS
from scheduler.checks.check import Limits
from streams import partitions
from tests.fixtures.invariants import assert_invariants, broken_invariants
from tests.fixtures.platform import Platform

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
NOBODY = UUID(int=7)


@pytest.fixture
async def busy(platform: Platform) -> Platform:
    """Two wallets, money that moved between them, some of it held; nothing runs any more."""
    for owner in ("a", "b"):
        await platform.apply(
            payments.wallets.open.OPERATION, OpenWallet(currency="RUB", owner=owner)
        )
    await platform.apply(
        payments.wallets.adjust.OPERATION,
        AdjustWallet(wallet_id=1, minor=10_000, currency="RUB", is_credit=True, reason="opening"),
    )
    for minor in (300, 200):
        intent = CreateTransfer(
            source_wallet_id=1, destination_wallet_id=2, minor=minor, currency="RUB"
        )
        await platform.apply(payments.transfers.create.OPERATION, intent)
    await platform.apply(
        payments.holds.create.OPERATION, CreateHold(wallet_id=1, minor=50, currency="RUB")
    )
    await platform.settled()
    await platform.stop_consumer()
    await assert_invariants(platform.database_url, platform.redis_url)
    return platform


async def spoil(platform: Platform, *statements: str) -> None:
    """Change what cannot be changed: as a superuser, with triggers off."""
    async with platform.connection() as connection:
        await connection.execute("SET session_replication_role = replica")
        for statement in statements:
            await connection.execute(statement)


HOUSE = "(SELECT id FROM accounts WHERE code = 'opening:RUB')"


def new_entry(account: str, minor: int) -> str:
    """One more entry of an account, under an operation that nobody knows, with its counters."""
    side = "credits_posted" if minor > 0 else "debits_posted"
    return f"""
        WITH last AS (SELECT * FROM entries WHERE account_id = {account} ORDER BY seq DESC LIMIT 1),
             more AS (UPDATE accounts SET version = version + 1, {side} = {side} + {abs(minor)}
                       WHERE id = {account})
        INSERT INTO entries
               (account_id, seq, amount, balance, recorded_at, operation_id, book, currency)
        SELECT account_id, seq + 1, {minor}, balance + {minor}, recorded_at, '{NOBODY}',
               book, currency
          FROM last
    """


OTHER_OPERATION = """
    UPDATE entries SET operation_id =
           (SELECT operation_id FROM entries WHERE account_id = 2 AND seq = 2)
     WHERE account_id = 2 AND seq = 1
"""
TRANSFER_WITHOUT_ENTRIES = f"""
    INSERT INTO operations (id, kind, digest, actor, status, result, accepted_at, decided_at)
    VALUES ('{NOBODY}', 'transfer.create', '', 'x', 'applied', '{{}}', now(), now())
"""
OLD_LETTERS = f"""
    INSERT INTO dead_letters (stream, partition, stream_id, payload, error, attempts, parked_at)
    SELECT 'intents', 0, g || '-1', '', 'x', 1, '{LONG_AGO}' FROM generate_series(1, 100) AS g
"""
BANK_ACCOUNT = f"""
    INSERT INTO accounts (id, code, currency, book, guard, credits_posted)
    VALUES ({72 << 56}, 'bank_fees', 'RUB', 1, 0, 5)
"""
CLEARING_ACCOUNT = f"""
    INSERT INTO accounts (id, code, currency, guard, credits_posted)
    VALUES ({69 << 56}, 'superpay_clearing:RUB', 'RUB', 0, 5)
"""
SECOND_ENTRY = "WHERE account_id = 2 AND seq = 2"

CASES = {
    "a counter is higher than its entries": (
        ["UPDATE accounts SET credits_posted = credits_posted + 1 WHERE id = 2"],
        {"money_sums_to_zero", "balance_is_sum_of_entries"},
    ),
    "both sides of an account are too high": (
        ["UPDATE accounts SET credits_posted = credits_posted + 1, debits_posted = 1 WHERE id = 2"],
        {"balance_is_sum_of_entries"},
    ),
    "an entry says another amount": (
        [f"UPDATE entries SET amount = amount + 1, balance = balance + 1 {SECOND_ENTRY}"],
        {"money_sums_to_zero", "legs_sum_to_zero", "balance_is_sum_of_entries"},
    ),
    "a leg stands under another operation": ([OTHER_OPERATION], {"legs_sum_to_zero"}),
    "an entry's balance is wrong": (
        ["UPDATE entries SET balance = balance + 1 WHERE account_id = 2 AND seq = 1"],
        {"history_is_unbroken"},
    ),
    "an entry is older than the one before": (
        [f"UPDATE entries SET recorded_at = '{LONG_AGO}' {SECOND_ENTRY}"],
        {"history_is_unbroken"},
    ),
    "an entry is missing": (
        ["DELETE FROM entries WHERE account_id = 2 AND seq = 1"],
        {
            "money_sums_to_zero",
            "legs_sum_to_zero",
            "balance_is_sum_of_entries",
            "history_is_unbroken",
        },
    ),
    "entries of an unknown operation": (
        [new_entry("2", 5), new_entry(HOUSE, -5)],
        {"entries_belong_to_applied"},
    ),
    "a refused operation with entries": (
        ["UPDATE operations SET status = 'rejected', reason = 'x' WHERE kind = 'wallet.adjust'"],
        {"entries_belong_to_applied"},
    ),
    "an applied transfer without entries": ([TRANSFER_WITHOUT_ENTRIES], {"applied_moved_money"}),
    "an overdrawn wallet": (
        [
            "ALTER TABLE accounts DROP CONSTRAINT accounts_credit_guard_check",
            "UPDATE accounts SET debits_pending = 100000 WHERE id = 1",
            "UPDATE holds SET minor = 100000",
        ],
        {"no_guarded_account_below_zero"},
    ),
    "money is pending for nobody": (
        ["UPDATE accounts SET debits_pending = debits_pending + 1 WHERE id = 2"],
        {"pending_is_open_holds"},
    ),
    "a hold without pending money": (
        ["UPDATE holds SET minor = minor + 1"],
        {"pending_is_open_holds"},
    ),
    "money is pending on the other side": (
        ["UPDATE accounts SET credits_pending = 1 WHERE id = 1"],
        {"pending_is_open_holds"},
    ),
    "a partition is halted": (
        ["UPDATE stream_partitions SET halted_reason = 'x' WHERE partition = 1"],
        {"redis_not_behind"},
    ),
    "Redis ends before what is applied": (
        ["UPDATE stream_partitions SET last_ms = last_ms + 1 WHERE last_ms > 0"],
        {"redis_not_behind"},
    ),
    "a bank's book is off": (
        [BANK_ACCOUNT],
        {"bank_books_balance", "money_sums_to_zero", "balance_is_sum_of_entries"},
    ),
    "a payout's hold without its payout": (
        ["UPDATE holds SET purpose = 'payout'"],
        {"payout_holds_fit"},
    ),
    "more went to SuperPay than payouts say": (
        [CLEARING_ACCOUNT],
        {"clearing_is_settled", "money_sums_to_zero", "balance_is_sum_of_entries"},
    ),
    "dead letters lie around": ([OLD_LETTERS], {"no_old_dead_letters"}),
}


@pytest.mark.parametrize("name", CASES)
async def test_a_breach_is_reported_by_its_check_alone(name: str, busy: Platform) -> None:
    statements, expected = CASES[name]
    await spoil(busy, *statements)
    assert set(await broken_invariants(busy.database_url, busy.redis_url)) == expected


@pytest.mark.parametrize("name", CASES)
async def test_the_frequent_run_sees_it_too(name: str, busy: Platform) -> None:
    """All but what only the counters' two sides or an outcome without entries would tell."""
    statements, expected = CASES[name]
    await spoil(busy, *statements)
    since = datetime(2021, 1, 1, tzinfo=UTC)
    findings = await audit(busy.database_url, busy.redis_url, since=since)
    found = {f.check.name for f in findings if f.breaches}
    if name in {"both sides of an account are too high", "an applied transfer without entries"}:
        assert not found
    else:
        assert found
        assert found <= expected | {"balance_is_sum_of_entries", "legs_sum_to_zero"}


async def test_an_intent_that_waits_too_long_is_reported(busy: Platform) -> None:
    stream = partitions.intents(0)
    await busy.redis.xadd(stream, {partitions.FIELD: b"{}"})
    assert not await broken_invariants(busy.database_url, busy.redis_url)
    broken = await broken_invariants(busy.database_url, busy.redis_url, Limits(undecided_s=0))
    assert set(broken) == {"accepted_are_decided"}


async def test_an_accepted_operation_that_disappeared_is_reported(busy: Platform) -> None:
    intent = OpenWallet(currency="RUB", owner="lost")
    ticket = await busy.submitter(fresh(payments.wallets.open.OPERATION, intent, actor="test"))
    for number in range(4):
        await busy.redis.xtrim(partitions.intents(number), maxlen=0, approximate=False)
    broken = await broken_invariants(busy.database_url, busy.redis_url, Limits(undecided_s=0))
    assert set(broken) == {"accepted_are_decided"}
    assert str(ticket.operation_id) in broken["accepted_are_decided"][0]


async def test_details_are_bounded(busy: Platform) -> None:
    await spoil(busy, OLD_LETTERS)
    broken = await broken_invariants(busy.database_url, busy.redis_url)
    assert len(broken["no_old_dead_letters"]) == 20


def test_every_check_has_a_case_that_breaks_it() -> None:
    covered = {name for _, names in CASES.values() for name in names} | {"accepted_are_decided"}
    assert {check.name for check in CHECKS} == covered


def test_names_and_sentences() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    assert all(check.proves.endswith(".") for check in CHECKS)
