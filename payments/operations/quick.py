"""A batch of a few operations in two round trips: one statement reads, one writes (ADR 0150).

Nothing is locked while it is decided. The statement that writes locks the accounts without waiting
and writes nothing unless each of them is as it was read; the batch is then run the usual way.
Accounts that are kept (`Kept`) are not read again: one round trip (ADR 0215).
"""

from collections.abc import Mapping, Sequence
from copy import copy
from functools import cache
from typing import Any, Final
from uuid import UUID

import msgspec

from payments.events.event import text_of
from payments.kernel.database import Connection
from payments.kernel.ids import AccountId
from payments.kernel.sql import load_sql
from payments.ledger.account import Account, begin_changes, end_changes
from payments.ledger.balances import Balances, fold_turnover
from payments.ledger.lock import account_of
from payments.ledger.posting import ENTRY_FIELDS, entry_of
from payments.operations.batch import Batch
from payments.operations.items import Item
from payments.operations.kept import Kept
from payments.operations.lapse import Lapsing
from payments.operations.loading import accounts_of, decisions, ids_of
from payments.operations.operation import Operation, State
from payments.operations.outcome import Decision
from payments.operations.record import Record, Records
from payments.operations.record_sql import pg_type
from payments.operations.writing import positions_of

MAX: Final = 8
"""So many operations at most: the usual way costs less CPU for more."""
_FIXED: Final = 10
"""Parameters of the statement before those of the rows."""
_encode: Final = msgspec.json.Encoder().encode


def is_quick(items: Sequence[Item]) -> bool:
    """True for a few operations that need no rows beside accounts."""
    return len(items) <= MAX and all(_is_plain(item.operation) for item in items)


def _is_plain(operation: Operation[Any]) -> bool:
    return (
        operation.refs is None
        and operation.refs_of_id is None
        and operation.parts is None
        and operation.lapsing is None
        and not operation.sequences
    )


class Read:
    """What a batch is decided by, and which row of each account was read."""

    def __init__(
        self,
        state: State,
        known: dict[int, Decision],
        seen: dict[AccountId, int],
        unknown: Sequence[UUID],
        kept: Mapping[AccountId, Account],
    ) -> None:
        """`seen`: by account, the transaction that wrote its row. `unknown`: ids not looked up.

        `kept`: the accounts as they were kept.
        """
        self.kept = kept
        self.state = state
        self.known = known
        self.seen = seen
        self.unknown = unknown


async def read(
    connection: Connection, items: Sequence[Item], lapsing: Lapsing[Any] | None, kept: Kept
) -> Read | None:
    """What is kept, or else read without locks; None when the batch needs more than accounts and
    known outcomes.
    """
    state = State(Balances(()), Records(), {})
    others, houses = accounts_of(items, state)
    needed = [*others, *houses]
    accounts = kept.take(needed)
    ids = ids_of(items)
    known: dict[int, Decision] = {}
    if accounts and len(accounts) == len(needed):
        state.balances.accounts = {id_: copy(account) for id_, account in accounts.items()}
    else:
        rows, decided, is_parked = await connection.fetchrow(  # type: ignore[misc]  # always a row
            load_sql(__file__, "quick_load"), needed, ids
        )
        state.balances = Balances(account_of(row) for row in rows)
        if is_parked or not houses.keys() <= state.balances.accounts.keys():
            return None
        known, ids = decisions(decided), []
    found = state.balances.accounts.values()
    if lapsing is not None and any(account.debits_pending for account in found):
        kept.keep(accounts)
        return None
    return Read(state, known, begin_changes(found), ids, accounts)


async def write(
    connection: Connection, batch: Batch, items: Sequence[Item], read: Read, kept: Kept
) -> bool:
    """Write the whole batch; False when nothing was written, as it is not as it was read, or needs
    more than new rows.
    """
    balances = batch.state.balances
    new = batch.state.records.only_new()
    if new is None or batch.conflicts or balances.opened or balances.statuses or balances.limited:
        return False
    fold_turnover(balances)
    written_by, are_as_read = await connection.fetchrow(  # type: ignore[misc]  # always a row
        _statement(tuple(new)),
        list(read.seen),
        list(read.seen.values()),
        batch.now,
        _json(sorted(batch.decided, key=lambda one: one.operation_id.int)),
        _json([dict(zip(ENTRY_FIELDS, entry_of(row), strict=True)) for row in balances.entries]),
        _json(list(balances.changed.values())),
        _json(_positions(items)),
        len(batch.events),
        text_of(batch.events),
        read.unknown,
        *(_json([row.row() for row in rows]) for rows in new.values()),
    )
    if written_by is None:
        if are_as_read:
            kept.keep(read.kept)
        else:
            kept.stand_apart()
        return False
    end_changes(balances.accounts, read.seen, balances.changed, written_by)
    kept.keep(balances.accounts)
    return True


def _json(rows: Sequence[Any]) -> str:
    return _encode(rows).decode()


def _positions(items: Sequence[Item]) -> list[dict[str, int]]:
    positions = positions_of([item.entry for item in items])
    return [
        {"partition": partition, "ms": ms, "seq": seq}
        for partition, ms, seq in zip(*positions, strict=True)
    ]


@cache
def _statement(types: tuple[type[Record], ...]) -> str:
    """The statement that writes, with new rows of these types."""
    inserts = [_insert(type_, number) for number, type_ in enumerate(types, _FIXED + 1)]
    return load_sql(__file__, "quick_write").replace("/* rows */", "".join(inserts))


def _insert(type_: type[Record], number: int) -> str:
    columns = {name: pg_type(type_.table, name) for name in type_.columns()}
    read = ", ".join(
        f"decode(u.{name}, 'base64')" if kind == "BYTEA" else f"u.{name}"
        for name, kind in columns.items()
    )
    typed = ", ".join(
        f"{name} {'text' if kind == 'BYTEA' else kind}" for name, kind in columns.items()
    )
    table = type_.table.name
    return (
        f", new_{table} AS (INSERT INTO {table} ({', '.join(columns)})"  # noqa: S608 - our own names
        f" SELECT {read} FROM json_to_recordset(${number}::json) AS u ({typed}), seen"
        " WHERE seen.is_as_read)"
    )
