"""The worked run of docs/bank.md: 1xf3g pays 2mzp5 across banks, the fee shown, then refunded."""

from pathlib import Path
from typing import Any

import pytest

from payments.banks.books import bank_spec
from payments.kernel.clock import utc_now
from payments.ledger.chart import Kind
from payments_tools.demo import bank as demo
from scheduler.checks import bank_books_balance
from scheduler.checks.audit import open_snapshot
from scheduler.checks.check import Limits
from tests.fixtures.banks import Marketplace, bank_settings


@pytest.fixture
def settings_overrides(tmp_path: Path) -> dict[str, Any]:
    """Mail becomes files of this test."""
    return bank_settings(tmp_path)


DOCUMENT = Path(__file__).parents[2] / "docs" / "bank.md"


async def entries(marketplace: Marketplace, kind: str) -> list[str]:
    """Entries of the only operation of a kind, as the document's table has them."""
    async with marketplace.platform.connection() as connection:
        rows = await connection.fetch(
            "SELECT b.name, coalesce(n.number, a.code) AS account, e.amount, e.balance"
            "  FROM entries e JOIN operations o ON o.id = e.operation_id"
            "  JOIN accounts a ON a.id = e.account_id JOIN banks b ON b.id = e.book"
            "  LEFT JOIN bank_accounts n ON a.code = 'bank_account:' || n.id"
            " WHERE o.kind = $1",
            kind,
        )
    return [_line(r["name"], r["account"], r["amount"] // 100, r["balance"] // 100) for r in rows]


def _line(bank: str, account: str, amount: int, balance: int) -> str:
    kind, colon, _ = account.partition(":")
    name = kind.removeprefix("bank_") if colon else f"`{account}`"
    return f"| {bank} | {name} | {amount:+} | {balance} |"


async def test_a_payment_across_banks_and_its_refund(marketplace: Marketplace) -> None:
    assert await marketplace.balances() == ("10000", "300000", "25000")

    key = await marketplace.pay("1xf3g", "2mzp5", "2000")
    assert await marketplace.balances() == ("10000", "300000", "25000")

    answer = await marketplace.confirm(key, await marketplace.code(key))
    assert answer.json() == {"operation_key": key, "status": "success"}
    assert await marketplace.balances() == ("8000", "300000", "26900")

    seen = (await marketplace.call("operation", operation_key=key)).json()
    shown = [seen[name] for name in ("status", "amount", "fee", "received")]
    assert shown == ["success", "2000", "100", "1900"]

    paid = await entries(marketplace, "bank_pay.confirm")
    assert len(paid) == 5
    document = DOCUMENT.read_text(encoding="utf-8")
    assert [line for line in paid if line not in document] == []

    assert (await marketplace.refund(key)).json() == {"refunded": [key]}
    assert await marketplace.balances() == ("10000", "300000", "25000")
    refunded = await entries(marketplace, "bank_pay.refund")
    assert len(refunded) == 5


async def test_the_seed_may_run_again(marketplace: Marketplace) -> None:
    await marketplace.paid("1xf3g", "2mzp5", "2000")
    platform = marketplace.platform
    await demo.seed_banks(platform.engine, platform.submitter, utc_now)
    assert await marketplace.balances() == ("8000", "300000", "26900")
    counts = {
        table: await platform.value(f"SELECT count(*) FROM {table}")
        for table in ("banks", "bank_clients", "bank_accounts", "banks_percents", "marketplaces")
    }
    assert counts == {
        "banks": 2,
        "bank_clients": 2,
        "bank_accounts": 3,
        "banks_percents": 2,
        "marketplaces": 1,
    }


async def test_opening_balances_are_ledger_operations(marketplace: Marketplace) -> None:
    rows = {
        (bank_id, kind): await marketplace.platform.value(
            "SELECT credits_posted - debits_posted FROM accounts WHERE id = $1",
            bank_spec(kind, bank_id).id,
        )
        for bank_id in (1, 2)
        for kind in (Kind.BANK_CAPITAL, Kind.BANK_OWN)
    }
    assert rows == {
        (1, Kind.BANK_CAPITAL): -10_310_000_00,
        (1, Kind.BANK_OWN): 10_000_000_00,
        (2, Kind.BANK_CAPITAL): -20_025_000_00,
        (2, Kind.BANK_OWN): 20_000_000_00,
    }


async def test_the_audit_sees_a_book_that_does_not_balance(marketplace: Marketplace) -> None:
    platform = marketplace.platform
    await marketplace.paid("1xf3g", "2mzp5", "2000")
    changes = {
        Kind.BANK_CAPITAL: {"bank 1, RUB"},
        Kind.BANK_CLEARING: {"bank 1, RUB", "clearing, RUB"},
        Kind.BANK_FEES: {"bank 1, RUB", "bank 1"},
    }
    for kind, subjects in changes.items():
        account_id = bank_spec(kind, 1).id
        change = "UPDATE accounts SET credits_posted = credits_posted + $2 WHERE id = $1"
        async with platform.connection() as connection:
            await connection.execute(change, account_id, 1)
        async with open_snapshot(
            platform.database_url, platform.redis_url, None, Limits()
        ) as snapshot:
            breaches = await bank_books_balance.run(snapshot)
        assert {b.subject for b in breaches} == subjects
        async with platform.connection() as connection:
            await connection.execute(change, account_id, -1)
