"""A batch of a few operations in two round trips: one statement reads, one writes (ADR 0150).

Nothing is locked while it is decided. The statement that writes locks the accounts without waiting
and writes nothing unless each of them is as it was read; the batch is then run the usual way.
Accounts that this consumer has written lately are not read again: one round trip (ADR 0215).
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Final
from uuid import UUID

import msgspec

from payments.events.event import text_of
from payments.kernel.clock import monotonic_s
from payments.kernel.database import Connection
from payments.kernel.ids import AccountId
from payments.kernel.sql import load_sql
from payments.ledger.account import Account
from payments.ledger.balances import Balances, fold_turnover
from payments.ledger.chart import AccountSpec
from payments.ledger.lock import account_of
from payments.ledger.posting import ENTRY_FIELDS, entry_of
from payments.operations.batch import Batch
from payments.operations.items import Item
from payments.operations.lapse import Lapsing
from payments.operations.loading import DECISION_FIELDS
from payments.operations.operation import Operation, State
from payments.operations.outcome import Decision
from payments.operations.record import Record, Records
from payments.operations.record_sql import pg_type
from payments.operations.writing import positions_of

MAX: Final = 8
"""So many operations at most: the usual way costs less CPU for more."""
_KEPT_MAX: Final = 5000
_KEPT_S: Final = 3600.0
_APART_S: Final = 5.0
"""So long after somebody else has changed an account, accounts are read each time."""
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
        unknown: Sequence[UUID] = (),
    ) -> None:
        """`seen`: by account, the transaction that wrote its row. `unknown`: ids not looked up."""
        self.state = state
        self.known = known
        self.seen = seen
        self.unknown = unknown


class Lately:
    """Accounts as batches of this consumer have written them, each with its transaction.

    What anybody else changes gets another transaction, so that a batch decided by what is kept here
    is not written.
    """

    def __init__(self) -> None:
        """Empty."""
        self._kept: dict[AccountId, tuple[Account, int]] = {}
        self._since_s = self._apart_until_s = 0.0

    async def read(
        self, connection: Connection, items: Sequence[Item], lapsing: Lapsing[Any] | None
    ) -> Read | None:
        """What is kept, or else read; None when the batch needs more than that."""
        return self._read_kept(items, lapsing) or await read(connection, items, lapsing)

    def _read_kept(self, items: Sequence[Item], lapsing: Lapsing[Any] | None) -> Read | None:
        """None unless all accounts are kept."""
        now_s = monotonic_s()
        if now_s > self._since_s + _KEPT_S:
            self._kept.clear()
            self._since_s = now_s
        state = State(Balances(()), Records(), {})
        seen: dict[AccountId, int] = {}
        for id_ in _needed(items, state)[0]:
            kept = self._kept.get(id_)
            if kept is None or (lapsing is not None and kept[0].debits_pending):
                return None
            state.balances.accounts[id_] = kept[0].handed_on()
            seen[id_] = kept[1]
        return Read(state, {}, seen, _ids(items)) if seen else None

    def keep(self, read: Read, written_by: int, changed: Iterable[AccountId]) -> None:
        """What the batch leaves; this transaction has written it."""
        if monotonic_s() < self._apart_until_s:
            return
        if len(self._kept) >= _KEPT_MAX:
            self._kept.clear()
        seen = read.seen | dict.fromkeys(changed, written_by)
        accounts = read.state.balances.accounts
        self._kept.update((id_, (accounts[id_], by)) for id_, by in seen.items())

    def drop(self, ids: Iterable[AccountId]) -> None:
        """Another batch has written them."""
        if self._kept:
            for id_ in ids:
                self._kept.pop(id_, None)

    def clear(self) -> None:
        """Keep nothing: the session has ended."""
        self._kept.clear()

    def stand_apart(self) -> None:
        """Somebody else changes accounts: keep nothing for a while."""
        self._kept.clear()
        self._apart_until_s = monotonic_s() + _APART_S


async def read(
    connection: Connection, items: Sequence[Item], lapsing: Lapsing[Any] | None
) -> Read | None:
    """Read without locks; None when the batch needs more than accounts and known outcomes."""
    state = State(Balances(()), Records(), {})
    needed, houses = _needed(items, state)
    accounts, decided, is_parked = await connection.fetchrow(  # type: ignore[misc]  # always a row
        load_sql(__file__, "quick_load"), list(needed), _ids(items)
    )
    state.balances = Balances(account_of(row[1:]) for row in accounts)
    by_id = state.balances.accounts
    if is_parked or not houses.issubset(by_id):
        return None
    if lapsing is not None and any(account.debits_pending for account in by_id.values()):
        return None
    known = {
        row[0].int: Decision(**dict(zip(DECISION_FIELDS, row, strict=True))) for row in decided
    }
    return Read(state, known, {row[1]: row[0] for row in accounts})


def _needed(items: Sequence[Item], state: State) -> tuple[set[AccountId], set[AccountId]]:
    """All accounts, and those of the house among them."""
    needed: set[AccountId] = set()
    houses: set[AccountId] = set()
    for item in items:
        for account in item.operation.accounts(item.intent, state):
            if isinstance(account, AccountSpec):
                houses.add(account.id)
            else:
                needed.add(account)
    return needed | houses, houses


def _ids(items: Sequence[Item]) -> list[UUID]:
    ids = [item.envelope.operation_id for item in items]
    if items and (whole := items[0].whole) is not None:
        ids.append(whole.operation_id)
    return ids


async def write(
    connection: Connection, batch: Batch, items: Sequence[Item], read: Read, lately: Lately
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
        if not are_as_read:
            lately.stand_apart()
        return False
    lately.keep(read, written_by, balances.changed)
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
