"""How a batch locks rows and accounts: how long it waits for what somebody else has locked."""

import contextlib
import enum
from collections.abc import AsyncIterator, Collection, Sequence
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

import asyncpg
import msgspec

from payments.kernel.clock import monotonic_s
from payments.kernel.database import Connection
from payments.kernel.ids import AccountId
from payments.ledger.balances import Balances
from payments.ledger.chart import AccountSpec
from payments.ledger.lock import lock_accounts, lock_free_accounts, read_accounts
from payments.operations.kept import Kept
from payments.operations.lapse import Lapsing
from payments.operations.needs import Need
from payments.operations.record import Record, Records, Ref, Timed
from payments.operations.record_sql import LOCK, LOCK_FREE
from payments.operations.record_values import record_of
from payments.operations.slow import LIMIT_S, Slow, SlowLoadError

_PATIENCE: Final = "SET LOCAL lock_timeout = '200ms'"


class Locking(enum.Enum):
    """How rows and accounts are locked."""

    WAIT = "wait"
    """Wait as long as the session allows."""
    KEPT = "kept"
    """Rows like `CLAIM`. Accounts that are kept or not locked at all: whoever writes them compares
    by whom they were written, and waits a moment for who has them.
    """
    CLAIM = "claim"
    """Without waiting. Raises `ContendedError` unless all that is locked is known to be."""
    PATIENT = "patient"
    """Wait a moment: another consumer's batch. Raises `ContendedError` after that."""
    PASSING = "passing"
    """Without waiting; what is locked is passed over."""
    APART = "apart"
    """Rows without waiting, however long reading takes; accounts after a moment of waiting; what is
    locked then is passed over, for nothing may be read twice.
    """

    @property
    def claims(self) -> bool:
        """True where what is locked ends the attempt."""
        return self in {Locking.KEPT, Locking.CLAIM}

    @property
    def lock_timeout(self) -> str | None:
        """How long a batch beside others waits for a lock; None: as long as the session allows."""
        return "100ms" if self.claims else None


class ContendedError(Exception):
    """Somebody else has locked an account or a row: try again, more patiently."""


class Hurry(msgspec.Struct, frozen=True):
    """How much is waited for what somebody else has locked, and for slow loads.

    `stuck`: what is known to be locked. `put_off`: types of rows that this batch does not load.
    `claimed`: gets what is locked apart, before that is tried. `kept`: accounts for `Locking.KEPT`.
    """

    locking: Locking = Locking.WAIT
    kept: Kept = msgspec.field(default_factory=Kept)
    stuck: frozenset[Need] = frozenset()
    slow: Slow | None = None
    put_off: AbstractSet[type[Record]] = frozenset()
    claimed: set[Need] = msgspec.field(default_factory=set)


NO_HURRY: Final = Hurry()


async def lock_rows(
    connection: Connection, records: Records, refs: Sequence[Ref], hurry: Hurry
) -> frozenset[Ref]:
    """Lock and read rows; gives those that somebody else has locked."""
    timed = _timed(hurry)
    if hurry.locking is Locking.APART:
        hurry.claimed.update(ref.normal() for ref in refs)
    if hurry.locking is Locking.WAIT:
        return await records.load(connection, refs)
    if hurry.locking is Locking.PATIENT:
        known = [ref for ref in refs if ref.normal() in hurry.stuck]
        others = [ref for ref in refs if ref.normal() not in hurry.stuck]
        async with _a_moment(connection):
            await records.load(connection, others, timed=timed)
        return await records.load(connection, known, waits=False, timed=timed)
    busy = await records.load(connection, refs, waits=False, timed=timed)
    raise_if_contended(busy, hurry)
    return busy


def _timed(hurry: Hurry) -> Timed:
    slow = hurry.slow
    limit_s = None if hurry.locking is Locking.APART else LIMIT_S

    async def fetch(
        connection: Connection, type_: type[Record], query: str, *arguments: Any
    ) -> Sequence[Any]:
        if slow is None:
            return await connection.fetch(query, *arguments)
        began = monotonic_s()
        try:
            rows = await connection.fetch(query, *arguments, timeout=limit_s)
        except TimeoutError as error:
            raise SlowLoadError(type_) from error
        slow.took(type_, monotonic_s() - began, monotonic_s())
        return rows

    return fetch


def raise_if_contended(busy: Collection[Need], hurry: Hurry) -> None:
    if hurry.locking.claims and not hurry.stuck.issuperset(busy):
        raise ContendedError


@asynccontextmanager
async def _a_moment(connection: Connection) -> AsyncIterator[None]:
    """Locks are waited for a moment only. Raises `ContendedError`."""
    timeout = await connection.fetchval("SELECT current_setting('lock_timeout')")
    await connection.execute(_PATIENCE)
    try:
        yield
    except asyncpg.LockNotAvailableError as error:
        raise ContendedError from error
    await connection.execute("SELECT set_config('lock_timeout', $1, true)", timeout)


async def lock(
    connection: Connection, ids: set[AccountId], houses: Sequence[AccountSpec], hurry: Hurry
) -> tuple[Balances, frozenset[AccountId]]:
    if hurry.locking is Locking.KEPT:
        return await _read_unkept(connection, ids, houses, hurry.kept), frozenset()
    hurry.kept.drop((*ids, *(house.id for house in houses)))
    if hurry.locking is Locking.WAIT:
        return await lock_accounts(connection, ids, houses), frozenset()
    if hurry.locking is Locking.PATIENT:
        return await _lock_patiently(connection, ids, houses, hurry.stuck)
    if hurry.locking is Locking.APART:
        hurry.claimed.update(ids, (house.id for house in houses))
        with contextlib.suppress(ContendedError):
            async with connection.transaction(), _a_moment(connection):
                return await lock_accounts(connection, ids, houses), frozenset()
    balances, busy = await lock_free_accounts(connection, ids, houses)
    raise_if_contended(busy, hurry)
    return balances, busy


async def _read_unkept(
    connection: Connection, ids: set[AccountId], houses: Sequence[AccountSpec], kept: Kept
) -> Balances:
    taken = kept.take((*ids, *(house.id for house in houses)))
    ids, houses = ids - taken.keys(), [house for house in houses if house.id not in taken]
    balances = Balances(())
    if ids or houses:
        balances = await read_accounts(connection, ids, houses)
    balances.accounts.update(taken)
    return balances


async def _lock_patiently(
    connection: Connection,
    ids: set[AccountId],
    houses: Sequence[AccountSpec],
    stuck: Collection[Need],
) -> tuple[Balances, frozenset[AccountId]]:
    """First those that are waited for, sorted; the others without waiting, so nobody waits in a
    circle.
    """
    async with _a_moment(connection):
        balances = await lock_accounts(
            connection, ids.difference(stuck), [h for h in houses if h.id not in stuck]
        )
    others, busy = await lock_free_accounts(
        connection, ids.intersection(stuck), [h for h in houses if h.id in stuck]
    )
    balances.accounts.update(others.accounts)
    return balances, busy


async def lock_endings(
    connection: Connection,
    records: Records,
    lapsing: Lapsing[Any],
    arguments: tuple[Sequence[AccountId], datetime],
    hurry: Hurry,
) -> tuple[list[Record], dict[Need, Need]]:
    """Lock and read what expires; and what is locked, by the account it reserves money of."""
    type_, timed = lapsing.type, _timed(hurry)

    async def read(lock: str) -> list[Record]:
        rows = await timed(connection, type_, lapsing.query + lock, *arguments)
        return [record_of(type_, dict(row)) for row in rows]

    if type_ in hurry.put_off:
        return [], dict.fromkeys(arguments[0], type_)
    busy: dict[Need, Need] = {}
    if hurry.locking is Locking.WAIT:
        rows = await read(LOCK)
    elif hurry.locking.claims and not _knows_rows_of(type_, hurry):
        try:  # nothing is locked, nearly always: it need not be asked what is
            rows = await read(f"{LOCK} NOWAIT")
        except asyncpg.LockNotAvailableError as error:
            raise ContendedError from error
    else:
        rows = await read(LOCK_FREE)
        keys = {row.key() for row in rows}
        for row in await read(""):
            if row.key() not in keys:
                busy[lapsing.account(row)] = Ref(type_, row.key()).normal()
        raise_if_contended(busy.values(), hurry)
    records.keep(rows)
    return rows, busy


def _knows_rows_of(type_: type[Record], hurry: Hurry) -> bool:
    return any(isinstance(one, Ref) and one.type is type_ for one in hurry.stuck)
