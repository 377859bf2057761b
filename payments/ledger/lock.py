"""Locking the accounts of a batch, always sorted by id."""

from collections.abc import Iterable, Mapping

from payments.kernel.database import Connection
from payments.kernel.ids import AccountId
from payments.kernel.packing import bigints
from payments.kernel.sql import load_sql
from payments.ledger.balances import Account, Balances
from payments.ledger.chart import AccountSpec


async def lock_accounts(
    connection: Connection, ids: Iterable[AccountId], houses: Iterable[AccountSpec]
) -> Balances:
    """Lock the existing accounts among `ids`, and all `houses`, creating those that are missing."""
    specs = {spec.id: spec for spec in houses}
    all_ids = sorted({*ids, *specs})
    balances = await _lock(connection, all_ids)
    missing = [spec for spec in specs.values() if spec.id not in balances.accounts]
    if missing:
        missing.sort(key=lambda spec: spec.id)
        await connection.execute(
            load_sql(__file__, "insert_house_accounts"),
            [s.id for s in missing],
            [s.code for s in missing],
            [s.currency for s in missing],
            [s.book for s in missing],
            [s.guard.value for s in missing],
        )
        balances = await _lock(connection, all_ids)
    return balances


async def _lock(connection: Connection, ids: list[AccountId]) -> Balances:
    rows = await connection.fetch(load_sql(__file__, "lock_accounts"), bigints(ids))
    return Balances(Account(*row) for row in rows)


async def are_as_left(connection: Connection, left: Mapping[AccountId, Account]) -> bool:
    """Lock accounts that another transaction of ours has just committed; False when somebody else
    has one of them, or changed it in between. Never waits.
    """
    rows = await connection.fetch(load_sql(__file__, "lock_left_accounts"), bigints(list(left)))
    return len(rows) == len(left) and all(Account(*row) == left[row[0]] for row in rows)
