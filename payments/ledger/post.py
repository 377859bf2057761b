"""Writes a batch to the ledger. Only `payments.operations.apply` may import this."""

from payments.kernel.database import Connection
from payments.kernel.sql import load_sql
from payments.ledger.balances import FOLD, Balances, fold

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
    if balances.changed:
        changed = sorted(balances.changed.values(), key=lambda a: a.id)
        for account in changed:
            if account.debits_posted >= FOLD and account.credits_posted >= FOLD:
                fold(account)
        await connection.execute(
            load_sql(__file__, "update_accounts"),
            [a.id for a in changed],
            [a.debits_posted for a in changed],
            [a.credits_posted for a in changed],
            [a.debits_pending for a in changed],
            [a.credits_pending for a in changed],
            [a.version for a in changed],
            [a.last_entry_at for a in changed],
        )
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
