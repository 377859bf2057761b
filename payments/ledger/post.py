"""Writes a batch to the ledger. Only `payments.operations.writing` may import this."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from payments.kernel.database import Connection
from payments.kernel.ids import AccountId
from payments.kernel.packing import bigints, copy_packed
from payments.kernel.sql import load_sql
from payments.ledger.account import Account, ChangedSinceError
from payments.ledger.balances import Balances
from payments.ledger.posting import ENTRY_FIELDS


class Counters(NamedTuple):
    """What a hot UPDATE writes: how many rows, the statement, its columns as the text of arrays."""

    rows: int
    statement: str
    columns: tuple[str, ...]


def counters_to_write(
    balances: Balances, seen: Mapping[AccountId, int], apart: Collection[AccountId]
) -> tuple[list[Counters], list[Counters]]:
    """The counters of changed accounts, of those `apart` in a group of their own.

    `seen`: which transaction had written each account that is not new.
    """
    placed: list[Account] = []
    own: list[Account] = []
    others: list[Account] = []
    limited = balances.limited
    for id_, account in balances.changed.items():
        if id_ in limited:
            continue
        if id_ in apart:
            others.append(account)
        elif account.place is None or account.debits_pending or account.credits_pending:
            own.append(account)
        else:
            placed.append(account)
    return _placed(placed, seen) + _counters(own, seen), _counters(others, seen)


def limits_to_write(balances: Balances) -> tuple[list[Any], ...] | None:
    """What accounts may go below zero by, with their counters; None when none of it changes."""
    if not balances.limited:
        return None
    return _limited_columns(_sorted(balances.limited.values()))


async def open_accounts(connection: Connection, balances: Balances) -> None:
    """Write new accounts."""
    if balances.opened:
        await connection.copy_records_to_table(
            "accounts",
            columns=("id", "code", "currency", "book", "guard"),
            records=[(a.id, a.code, a.currency, a.book, a.guard) for a in balances.opened.values()],
        )


async def write_entries(connection: Connection, entries: Sequence[bytes]) -> None:
    """All entries by one COPY: the trigger of the table sums each operation's."""
    if entries:
        await copy_packed(connection, "entries", ENTRY_FIELDS, entries)


async def write_counters(
    connection: Connection, counters: Iterable[Counters], now: datetime
) -> None:
    """One UPDATE each, one row an account, however many entries it got.

    Raises `ChangedSinceError` when an account is not as it was read.
    """
    for one in counters:
        done = await connection.execute(one.statement, *one.columns, now)
        if done != f"UPDATE {one.rows}":
            raise ChangedSinceError(f"{one.rows} accounts were read, and the answer is {done}")


async def write_rare(
    connection: Connection, limits: tuple[list[Any], ...] | None, statuses: Mapping[AccountId, str]
) -> None:
    """What the hot UPDATE does not name: limits and statuses, of accounts that are locked."""
    if limits is not None:
        await connection.execute(load_sql(__file__, "update_limited_accounts"), *limits)
    if statuses:
        await connection.execute(
            load_sql(__file__, "set_account_statuses"), list(statuses), list(statuses.values())
        )


def _sorted(accounts: Iterable[Account]) -> list[Account]:
    return sorted(accounts, key=lambda a: a.id)


def _placed(accounts: Sequence[Account], seen: Mapping[AccountId, int]) -> list[Counters]:
    if not accounts:
        return []
    places = [a.place for a in accounts if a.place is not None]
    columns = (
        "{" + ",".join([f'"({block},{line})"' for block, line in places]) + "}",
        bigints([a.debits_posted for a in accounts]),
        bigints([a.credits_posted for a in accounts]),
        bigints([a.version for a in accounts]),
        bigints([a.id for a in accounts]),
        bigints([seen[a.id] for a in accounts]),
    )
    return [Counters(len(accounts), load_sql(__file__, "update_placed_accounts"), columns)]


def _counters(accounts: Sequence[Account], seen: Mapping[AccountId, int]) -> list[Counters]:
    if not accounts:
        return []
    columns = (
        bigints([a.id for a in accounts]),
        bigints([a.debits_posted for a in accounts]),
        bigints([a.credits_posted for a in accounts]),
        bigints([a.debits_pending for a in accounts]),
        bigints([a.credits_pending for a in accounts]),
        bigints([a.version for a in accounts]),
        "{" + ",".join([str(seen.get(a.id, "NULL")) for a in accounts]) + "}",
    )
    return [Counters(len(accounts), load_sql(__file__, "update_accounts"), columns)]


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
