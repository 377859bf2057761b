"""Writes a batch to the ledger. Only `payments.operations.writing` may import this."""

import struct
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from payments.kernel.database import Connection
from payments.kernel.ids import AccountId
from payments.kernel.packing import bigints, bytes_of, copy_packed, micros
from payments.kernel.sql import load_sql
from payments.ledger.balances import Account, Balances
from payments.ledger.posting import ENTRY_FIELDS, EntryRow

_pack_entry: Final = struct.Struct(">hiqiqiqiqiqi16siqih").pack
"""The number of fields, then each with its length in front."""

Counters = tuple[str, str, str, str, str, str]
"""The columns of the hot UPDATE as the text of arrays."""


def counters_to_write(
    balances: Balances, apart: Collection[AccountId]
) -> tuple[Counters | None, Counters | None]:
    """The counters of changed accounts, of those `apart` in a group of their own."""
    usual = [a for a in _sorted(balances.changed.values()) if a.id not in balances.limited]
    own = [a for a in usual if a.id not in apart]
    return _counters(own), _counters([a for a in usual if a.id in apart])


async def open_accounts(connection: Connection, balances: Balances) -> None:
    """Write new accounts."""
    if balances.opened:
        await connection.copy_records_to_table(
            "accounts",
            columns=("id", "code", "currency", "book", "guard"),
            records=[(a.id, a.code, a.currency, a.book, a.guard) for a in balances.opened.values()],
        )


async def write_entries(connection: Connection, entries: Sequence[EntryRow]) -> None:
    """All entries by one COPY: the trigger of the table sums each operation's."""
    if entries:
        await copy_packed(connection, "entries", ENTRY_FIELDS, _packed(entries))


async def write_counters(connection: Connection, counters: Counters | None, now: datetime) -> None:
    """One UPDATE, one row an account, however many entries it got."""
    if counters is not None:
        await connection.execute(load_sql(__file__, "update_accounts"), *counters, now)


async def write_rare(connection: Connection, balances: Balances) -> None:
    """What the hot UPDATE does not name: limits and statuses."""
    if balances.limited:
        limited = _sorted(balances.limited.values())
        await connection.execute(
            load_sql(__file__, "update_limited_accounts"), *_limited_columns(limited)
        )
    if balances.statuses:
        await connection.execute(
            load_sql(__file__, "set_account_statuses"),
            list(balances.statuses),
            list(balances.statuses.values()),
        )


def _packed(entries: Sequence[EntryRow]) -> list[bytes]:
    last, at = None, 0
    last_id, id_bytes = None, b""
    rows = []
    for account_id, seq, amount, balance, recorded_at, operation_id, book, currency in entries:
        if recorded_at is not last:  # nearly all have the time of the batch
            last, at = recorded_at, micros(recorded_at)
        if operation_id is not last_id:  # the legs of one operation are neighbours
            last_id, id_bytes = operation_id, bytes_of(operation_id)
        rows.append(
            _pack_entry(
                8, 8, account_id, 8, seq, 8, amount, 8, balance, 8, at,
                16, id_bytes, 8, book, 2, currency,
            )
        )  # fmt: skip
    return rows


def _sorted(accounts: Iterable[Account]) -> list[Account]:
    return sorted(accounts, key=lambda a: a.id)


def _counters(accounts: Sequence[Account]) -> Counters | None:
    if not accounts:
        return None
    return (
        bigints([a.id for a in accounts]),
        bigints([a.debits_posted for a in accounts]),
        bigints([a.credits_posted for a in accounts]),
        bigints([a.debits_pending for a in accounts]),
        bigints([a.credits_pending for a in accounts]),
        bigints([a.version for a in accounts]),
    )


def _limited_columns(accounts: Sequence[Account]) -> tuple[list[Any], ...]:
    return (
        [a.id for a in accounts],
        [a.debits_posted for a in accounts],
        [a.credits_posted for a in accounts],
        [a.debits_pending for a in accounts],
        [a.credits_pending for a in accounts],
        [a.version for a in accounts],
        [a.last_entry_at for a in accounts],
        [a.overdraft_limit for a in accounts],
        [a.forced_debt for a in accounts],
    )
