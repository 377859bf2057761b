"""What entries need that somebody else has locked: which do, and what is free again."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from payments.kernel.database import Connection
from payments.kernel.ids import AccountId
from payments.ledger.chart import AccountSpec
from payments.ledger.lock import free_among
from payments.operations.atomic import ApplyAll, part_ids
from payments.operations.items import Item
from payments.operations.operation import State
from payments.operations.record import Record, Records, Ref

Need = AccountId | Ref | type[Record]
"""An account, a row, or all rows of a type: reading them takes too long."""
Busy = Mapping[Need, Need]
"""What is waited for, by the account, the row or the type that an entry needs."""
Place = tuple[int, str]


def refs_of(items: Iterable[Item]) -> Iterator[Ref]:
    """The rows that these items need."""
    for item in items:
        operation, id_ = item.operation, item.envelope.operation_id
        if operation.refs is not None:
            yield from operation.refs(item.intent)
        if operation.refs_of_id is not None:
            yield from operation.refs_of_id(id_)
        if operation.parts is None or not isinstance(item.intent, ApplyAll):
            continue
        parts = operation.parts(item.intent)
        if any(part.operation.refs_of_id for part in parts):
            for part, own_id in zip(parts, part_ids(item.intent, id_), strict=True):
                if part.operation.refs_of_id is not None:
                    yield from part.operation.refs_of_id(own_id)


def needs_of(items: Iterable[Item], busy: Busy, state: State) -> dict[Place, Need]:
    """What is waited for, for each entry that needs such a thing."""
    needs: dict[Place, Need] = {}
    for item in items:
        for one in _all_of(item, state):
            if one in busy:
                needs[item.entry.partition, item.entry.stream_id] = busy[one]
                break
    return needs


def _all_of(item: Item, state: State) -> Iterator[Need]:
    for ref in refs_of((item,)):
        yield ref.normal()
    for account in item.operation.accounts(item.intent, state):
        yield account.id if isinstance(account, AccountSpec) else account


def needs_of_types(items: Iterable[Item], types: Collection[type[Record]]) -> dict[Place, Need]:
    """The type for each entry that needs rows of one of these types."""
    needs: dict[Place, Need] = {}
    for item in items if types else ():
        for ref in refs_of((item,)):
            if ref.type in types:
                needs[item.entry.partition, item.entry.stream_id] = ref.type
                break
    return needs


async def still_locked(
    connection: Connection,
    needs: Collection[Need],
    ahead: Any,
    put_off: Collection[type[Record]] = (),
) -> frozenset[Need]:
    """What somebody else has locked at this moment. What the batch before has locked it hands on.

    Types are no question of locks and are left out. Rows of the types `put_off` count as locked:
    looking at them takes too long.
    """
    accounts = frozenset(one for one in needs if isinstance(one, int))
    rows = frozenset(one for one in needs if isinstance(one, Ref))
    refs = frozenset(one for one in rows if one.type not in put_off)
    locked: set[Need] = set(rows - refs)
    if accounts:
        locked |= accounts - await free_among(connection, accounts)
    if refs:
        locked |= await Records().load(connection, refs, waits=False)
    if ahead is None:
        return frozenset(locked)
    return frozenset(
        one
        for one in locked
        if not (ahead.touches(one) if isinstance(one, Ref) else one in ahead.accounts)
    )
