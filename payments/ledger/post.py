"""Writes a batch to the ledger. Only `payments.operations.apply` may import this."""

from collections.abc import Sequence
from typing import Any

from payments.kernel.database import Connection
from payments.kernel.sql import load_sql
from payments.ledger.balances import FOLD, Account, Balances, fold

_ENTRY_COLUMNS = (
    "account_id",
    "seq",
    "amount",
    "balance",
    "recorded_at",
    "operation_id",
    "book",
    "currency",
)


async def write(connection: Connection, balances: Balances) -> None:
    """Write new accounts, counters and entries with a fixed number of statements per batch."""
    if balances.opened:
        await connection.copy_records_to_table(
            "accounts",
            columns=("id", "code", "currency", "book", "guard"),
            records=[(a.id, a.code, a.currency, a.book, a.guard) for a in balances.opened.values()],
        )
    await _write_counters(connection, balances)
    if balances.statuses:
        await connection.execute(
            load_sql(__file__, "set_account_statuses"),
            list(balances.statuses),
            list(balances.statuses.values()),
        )
    if balances.entries:
        await connection.copy_records_to_table(
            "entries", columns=_ENTRY_COLUMNS, records=balances.entries
        )


async def _write_counters(connection: Connection, balances: Balances) -> None:
    if balances.changed:
        changed = sorted(balances.changed.values(), key=lambda a: a.id)
        for account in changed:
            if account.debits_posted >= FOLD and account.credits_posted >= FOLD:
                fold(account)
        usual = [a for a in changed if a.id not in balances.limited]
        if usual:
            await connection.execute(load_sql(__file__, "update_accounts"), *_counters(usual))
    if balances.limited:
        limited = sorted(balances.limited.values(), key=lambda a: a.id)
        await connection.execute(
            load_sql(__file__, "update_limited_accounts"),
            *_counters(limited),
            [a.overdraft_limit for a in limited],
            [a.forced_debt for a in limited],
        )


def _counters(accounts: Sequence[Account]) -> tuple[list[Any], ...]:
    """The columns of the hot UPDATE."""
    return (
        [a.id for a in accounts],
        [a.debits_posted for a in accounts],
        [a.credits_posted for a in accounts],
        [a.debits_pending for a in accounts],
        [a.credits_pending for a in accounts],
        [a.version for a in accounts],
        [a.last_entry_at for a in accounts],
    )
