"""What a batch needs from PostgreSQL before it is decided: rows and numbers, locked, and accounts.

What the batches before have touched and not committed yet is taken from memory (`Ahead`).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from payments.kernel.database import Connection
from payments.kernel.ids import AccountId
from payments.kernel.sql import load_sql
from payments.ledger.account import Account, begin_changes
from payments.ledger.balances import Balances
from payments.ledger.chart import AccountSpec
from payments.operations.batch import Batch
from payments.operations.envelope import Envelope, decode
from payments.operations.items import Item
from payments.operations.lapse import Endings, Lapsing
from payments.operations.locking import NO_HURRY, Hurry, Locking, lock, lock_endings, lock_rows
from payments.operations.needs import Need, refs_of
from payments.operations.operation import State
from payments.operations.outcome import Decision
from payments.operations.record import Record, Records, Ref
from streams.turns import OverturnedError, Turn

DECISION_FIELDS: Final = Decision.__struct_fields__


class Ahead(msgspec.Struct, frozen=True):
    """What the batches before leave when they commit."""

    accounts: Mapping[AccountId, Account]
    records: Sequence[Records]
    known: Mapping[int, Decision]

    @classmethod
    def of(cls, batch: Batch) -> "Ahead":
        """Nothing in it changes any more."""
        return cls(batch.state.balances.accounts, (batch.state.records,), batch.known)

    @classmethod
    def after(cls, lefts: "Sequence[Ahead]") -> "Ahead | None":
        """What several leave, the last of them the newest; None when there is none."""
        if len(lefts) < 2:  # noqa: PLR2004 - nothing to put together
            return lefts[0] if lefts else None
        accounts: dict[AccountId, Account] = {}
        known: dict[int, Decision] = {}
        for left in lefts:
            accounts.update(left.accounts)
            known.update(left.known)
        return cls(accounts, [r for left in lefts for r in left.records], known)

    def touches(self, ref: Ref) -> bool:
        """True when one of them has the row of a reference to change, or made it."""
        return any(records.touches(ref) for records in self.records)

    def has(self, type_: type[Record]) -> bool:
        """True when one of them has a row of that type."""
        return any(records.has(type_) for records in self.records)


class Loaded(msgspec.Struct, frozen=True):
    """Everything to decide a batch by.

    `transaction`: the one that writes it. `seen`: accounts, and which transaction has written each.
    `shared`: those taken from the batch before. `are_locked`: true when all others are.
    `busy`: what somebody else has locked.
    """

    state: State
    known: dict[int, Decision]
    parked: Mapping[int, Sequence[Envelope]]
    transaction: int
    seen: Mapping[AccountId, int]
    shared: Collection[AccountId]
    are_locked: bool
    busy: Mapping[Need, Need]


async def load(
    connection: Connection,
    items: Sequence[Item],
    turn: Turn,
    lapsing: Lapsing[Any] | None,
    hurry: Hurry = NO_HURRY,
) -> Loaded:
    """Lock and read all that is needed. Raises `OverturnedError` when that includes rows that the
    batches before have changed.

    Rows come first, for accounts may depend on them, then numbers, then accounts: always in this
    order. Accounts are locked, or read, while the batch before is decided; what it makes of those
    that it has is taken afterwards.
    """
    lefts: Sequence[Ahead] = await turn.to_load()
    ids = ids_of(items)
    transaction, known, parked = await _begin(connection, ids, hurry.locking)
    fresh = _first_of_each(items, known)
    records = Records()
    busy: dict[Need, Need] = {}
    if any(True for _ in refs_of(fresh)):
        ahead = Ahead.after(await turn.to_decide())
        fresh = _first_of_each(items, _and_known(known, ids, ahead))
        refs = list(refs_of(fresh))
        if ahead is not None and any(ahead.touches(ref) for ref in refs):
            raise OverturnedError
        busy.update((ref, ref) for ref in await lock_rows(connection, records, refs, hurry))
    state = State(Balances(()), records, await _numbers(connection, fresh))
    needed, specs = accounts_of(fresh, state)
    taken = {id_ for left in lefts for id_ in (*needed, *specs) if id_ in left.accounts}
    houses = [spec for id_, spec in specs.items() if id_ not in taken]
    state.balances, locked = await lock(connection, needed - taken, houses, hurry)
    busy.update((account, account) for account in locked)
    ahead = Ahead.after(await turn.to_decide())
    if ahead is not None and lapsing is not None and ahead.has(lapsing.type):
        raise OverturnedError
    count = len(known)
    if len(_and_known(known, ids, ahead)) > count:  # copies of what those before have decided
        fresh = _first_of_each(items, known)
        needed, specs = accounts_of(fresh, state)
    shared = _shared((*needed, *specs), ahead)
    state.balances.accounts.update(shared)
    # At once: when the batch before commits, it keeps what nobody is changing.
    seen = begin_changes(state.balances.accounts.values())
    if lapsing is not None:
        busy.update(await _load_endings(connection, state, fresh, lapsing, hurry))
    are_locked = hurry.locking is not Locking.KEPT
    return Loaded(state, known, parked, transaction, seen, shared.keys(), are_locked, busy)


def _first_of_each(items: Sequence[Item], stored: Mapping[int, Decision]) -> list[Item]:
    """The items that will be decided: the first copy of every undecided id."""
    ids = set(stored)
    fresh = []
    for item in items:
        key = item.envelope.operation_id.int
        if key not in ids:
            ids.add(key)
            fresh.append(item)
    return fresh


def ids_of(items: Sequence[Item]) -> list[UUID]:
    """The ids by which a batch finds out what is decided already."""
    ids = [item.envelope.operation_id for item in items]
    # A batch that was halved may begin in the middle of a bulk.
    if items and (whole := items[0].whole) is not None:
        ids.append(whole.operation_id)
    return ids


async def _begin(
    connection: Connection, ids: Sequence[UUID], locking: Locking
) -> tuple[int, dict[int, Decision], dict[int, list[Envelope]]]:
    """The transaction, outcomes, and what was accepted and could not be applied, by the integer of
    the id: hashing a UUID runs Python code, and this is hot.
    """
    row = await connection.fetchrow(load_sql(__file__, "begin_batch"), ids, locking.lock_timeout)
    transaction, decided, letters, _ = row  # type: ignore[misc]  # always a row
    parked: dict[int, list[Envelope]] = {}
    for id_, letter in letters:
        parked.setdefault(id_.int, []).append(decode(letter))
    return transaction, decisions(decided), parked


def decisions(rows: Iterable[Sequence[Any]]) -> dict[int, Decision]:
    """Outcomes as they are stored, by the integer of the id."""
    return {row[0].int: Decision(**dict(zip(DECISION_FIELDS, row, strict=True))) for row in rows}


def _and_known(
    known: dict[int, Decision], ids: Sequence[UUID], ahead: Ahead | None
) -> dict[int, Decision]:
    """With what the batches before have decided of these ids."""
    if ahead is not None:
        for id_ in [one.int for one in ids]:
            decision = ahead.known.get(id_)
            if decision is not None:
                known[id_] = decision
    return known


async def _numbers(connection: Connection, fresh: Sequence[Item]) -> dict[str, list[int]]:
    counts: dict[str, int] = {}
    for item in fresh:
        for name in item.operation.sequences:
            counts[name] = counts.get(name, 0) + 1
    return {name: await _draw(connection, name, count) for name, count in sorted(counts.items())}


async def _draw(connection: Connection, sequence: str, count: int) -> list[int]:
    rows = await connection.fetch(load_sql(__file__, "draw_numbers"), sequence, count)
    return [row[0] for row in reversed(rows)]


def accounts_of(
    fresh: Sequence[Item], state: State
) -> tuple[set[AccountId], dict[AccountId, AccountSpec]]:
    """The accounts of these operations, and the house accounts among them."""
    ids: set[AccountId] = set()
    houses: dict[AccountId, AccountSpec] = {}
    for item in fresh:
        for account in item.operation.accounts(item.intent, state):
            if isinstance(account, AccountSpec):
                houses[account.id] = account
            else:
                ids.add(account)
    return ids - houses.keys(), houses


def _shared(ids: Iterable[AccountId], ahead: Ahead | None) -> dict[AccountId, Account]:
    if ahead is None:
        return {}
    accounts = ahead.accounts
    return {id_: accounts[id_] for id_ in ids if id_ in accounts}


async def _load_endings(
    connection: Connection,
    state: State,
    fresh: Sequence[Item],
    lapsing: Lapsing[Any],
    hurry: Hurry,
) -> dict[Need, Need]:
    """Load the reservations that expire before the last of these operations was accepted.

    Their accounts are locked already, so none of ours can have changed them since. Gives the
    accounts that have one which somebody else has locked.
    """
    state.endings = Endings(lapsing, state.records)
    holding = [a.id for a in state.balances.accounts.values() if a.debits_pending]
    if not holding or not fresh:
        return {}
    until = max(item.envelope.submitted_at for item in fresh)
    rows, busy = await lock_endings(connection, state.records, lapsing, (holding, until), hurry)
    for row in rows:
        state.endings.add(row)
    return busy
