"""Reading the accounts of a batch; locking them, always sorted by id."""

import struct
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from payments.kernel.database import Connection
from payments.kernel.ids import AccountId
from payments.kernel.packing import bigints, micros
from payments.kernel.sql import load_sql
from payments.ledger.account import Account
from payments.ledger.balances import Balances
from payments.ledger.chart import AccountSpec, AccountStatus, Guard

_usual_rows: Final = struct.Struct(">qqqqqIHI3s").iter_unpack
"""Of each: id, debits, credits, version, last entry, block and line of its row, the transaction
that has written it, currency.
"""
LOCK: Final = "FOR NO KEY UPDATE"
_CREDIT_GUARD: Final = Guard.CREDIT.value
_OPEN: Final = AccountStatus.OPEN.value


async def lock_accounts(
    connection: Connection, ids: Iterable[AccountId], houses: Iterable[AccountSpec]
) -> Balances:
    """Lock the existing accounts among `ids`, and all `houses`, creating those that are missing."""
    return await _with_houses(connection, ids, houses, LOCK)


async def read_accounts(
    connection: Connection, ids: Iterable[AccountId], houses: Iterable[AccountSpec]
) -> Balances:
    """The same without locking them: whoever writes compares `written_by`."""
    return await _with_houses(connection, ids, houses, "")


async def _with_houses(
    connection: Connection, ids: Iterable[AccountId], houses: Iterable[AccountSpec], lock: str
) -> Balances:
    specs = {spec.id: spec for spec in houses}
    all_ids = sorted({*ids, *specs})
    balances = await _read(connection, all_ids, lock)
    missing = [spec for spec in specs.values() if spec.id not in balances.accounts]
    if missing:
        await _make(connection, missing)
        balances = await _read(connection, all_ids, lock)
    return balances


async def lock_free_accounts(
    connection: Connection, ids: Iterable[AccountId], houses: Iterable[AccountSpec]
) -> tuple[Balances, frozenset[AccountId]]:
    """The same without waiting; also returns the accounts that somebody else has locked."""
    specs = {spec.id: spec for spec in houses}
    all_ids = sorted({*ids, *specs})
    balances = await _lock_free(connection, all_ids)
    missing = [id_ for id_ in all_ids if id_ not in balances.accounts]
    if not missing:
        return balances, frozenset()
    busy = await _existing(connection, missing)
    unmade = [spec for id_, spec in specs.items() if id_ in missing and id_ not in busy]
    if unmade:
        await _make(connection, unmade)
        made = await _lock_free(connection, sorted(s.id for s in unmade))
        balances.accounts.update(made.accounts)
        busy |= {s.id for s in unmade} - made.accounts.keys()
    return balances, busy


async def free_among(connection: Connection, ids: Iterable[AccountId]) -> frozenset[AccountId]:
    """The accounts that nobody has locked at this moment."""
    return frozenset((await _lock_free(connection, sorted(ids))).accounts)


async def _existing(connection: Connection, ids: list[AccountId]) -> frozenset[AccountId]:
    rows = await connection.fetch(load_sql(__file__, "existing_accounts"), bigints(ids))
    return frozenset(row[0] for row in rows)


async def _make(connection: Connection, specs: list[AccountSpec]) -> None:
    specs.sort(key=lambda spec: spec.id)
    await connection.execute(
        load_sql(__file__, "insert_house_accounts"),
        [s.id for s in specs],
        [s.code for s in specs],
        [s.currency for s in specs],
        [s.book for s in specs],
        [s.guard.value for s in specs],
    )


async def _lock_free(connection: Connection, ids: list[AccountId]) -> Balances:
    """Without waiting: for a transaction that holds other accounts, so that two consumers could
    wait for each other, and for accounts that may be locked for long.
    """
    return await _read(connection, ids, f"{LOCK} SKIP LOCKED")


async def _read(connection: Connection, ids: list[AccountId], lock: str) -> Balances:
    query = load_sql(__file__, "lock_accounts").replace(LOCK, lock)
    (row,) = await connection.fetch(query, bigints(ids))
    return _balances(*row)


def _balances(usual: bytes | None, others: Iterable[tuple[Any, ...]] | None) -> Balances:
    accounts: dict[AccountId, Account] = {}
    for id_, debits, credits_, version, last_us, block, line, by, currency in _usual_rows(
        usual or b""
    ):
        accounts[id_] = Account(
            id_, f"wallet:{id_}", _code(currency), 0, _CREDIT_GUARD, _OPEN,
            debits, credits_, 0, 0, version, last_us, 0, 0, None, 0, (block, line), by,
        )  # fmt: skip
    for row in others or ():
        account = account_of(row)
        accounts[account.id] = account
    balances = Balances(())
    balances.accounts = accounts
    return balances


@lru_cache(maxsize=1024)
def _code(currency: bytes) -> str:
    return currency.decode()


def account_of(row: Iterable[Any]) -> Account:
    """An account whose columns were read one by one, who has written it first; the time of its last
    entry may be null.
    """
    written_by, *values = row
    last = values[11]
    values[11] = 0 if last is None else micros(last)
    account = Account(*values)
    account.written_by = written_by
    return account


async def are_as_read(connection: Connection, seen: Mapping[AccountId, int]) -> bool:
    """Lock accounts that were read; `seen` says which transaction had written each.

    False when another transaction has written one since. Waits for whoever has one locked.
    """
    count = await connection.fetchval(
        load_sql(__file__, "lock_as_read"), bigints(list(seen)), bigints(list(seen.values()))
    )
    return bool(count == len(seen))
