"""Opens breaks for the differences a registry shows and ends breaks it no longer shows."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from payments.breaks.follow import followed, gone
from payments.breaks.tables import Break, BreakKind, break_id, break_of, breaks, new_break
from payments.breaks.tells import event_of
from payments.events.writes import add_to
from payments.reconciliation.compare import Difference
from payments.reconciliation.ours import any_of
from payments.statements.settlement_day import RETURNED, Registry

BY: Final = "registry"
_FOUND_BY: Final = "registry:"
_TOGETHER: Final = 1000


class Pursued(msgspec.Struct, frozen=True, kw_only=True):
    """Ids of all breaks the registry shows, and of those that are new or reopened."""

    break_ids: Sequence[UUID]
    new_ids: Sequence[UUID]


async def pursue(
    connection: AsyncConnection,
    registry: Registry,
    differences: Sequence[Difference],
    run_id: UUID,
    now: datetime,
) -> Pursued:
    """Open, update and reopen breaks that the registry shows; end those it no longer shows."""
    existing = await _load(connection, registry, differences)
    new_ids: list[UUID] = []
    changes = _Changes(connection, now)
    shown_ids: set[UUID] = set()
    for difference in _one_each(differences):
        break_ = _break_of(registry.provider, difference, run_id, now, existing)
        row = followed(existing.get(break_.id), break_)
        if row is not None:
            await changes.add(existing.get(break_.id), row)
            if break_.id not in existing or row.opened_at == now:
                new_ids.append(row.id)
        shown_ids.add(break_.id)
    statuses: dict[int | None, set[str]] = {}
    for line in registry.lines:
        statuses.setdefault(line.merchant_id, set()).add(line.status)
    for known_break in existing.values():
        has = statuses.get(known_break.merchant_id, set())
        row = None if known_break.id in shown_ids else _ended(known_break, registry, has, now)
        if row is not None and row != known_break:
            await changes.add(known_break, row)
    await changes.write()
    return Pursued(break_ids=sorted(shown_ids), new_ids=new_ids)


def _one_each(differences: Sequence[Difference]) -> Sequence[Difference]:
    """Of two differences that are the same break (paid and returned), the one with more at risk."""
    most: dict[tuple[BreakKind, str], Difference] = {}
    for difference in sorted(differences, key=lambda d: d.at_risk[0]):
        most[difference.kind, difference.reference] = difference
    return list(most.values())


def _break_of(
    provider: str,
    difference: Difference,
    run_id: UUID,
    now: datetime,
    existing: Mapping[UUID, Break],
) -> Break:
    break_ = new_break(
        provider,
        difference.kind,
        difference.reference,
        merchant_id=difference.merchant_id,
        subject_id=difference.subject_id,
        at_risk=difference.at_risk,
        details=difference.details,
        found_by=f"{_FOUND_BY}{run_id}",
        now=now,
    )
    old = existing.get(break_id(provider, difference.kind, difference.old_reference))
    is_same = old is not None and _transaction(old.details) == _transaction(difference.details)
    return break_.changed(id=old.id) if old is not None and is_same else break_


def _transaction(details: Mapping[str, Any]) -> object:
    return (details.get("theirs") or {}).get("transaction_id")


def _ended(break_: Break, registry: Registry, statuses: set[str], now: datetime) -> Break | None:
    """The break, ended, if this registry no longer shows it; None if it says nothing about it.

    `statuses`: those of the lines this registry has for the merchant id.
    """
    if break_.kind is BreakKind.MISSING_AT_PSP:
        # A returned payout has two lines: the first says nothing about the second.
        is_there = (
            RETURNED in statuses if break_.details.get("lacks") == RETURNED else bool(statuses)
        )
        if not is_there:
            return None
        return gone(break_, "timing", "the line came in a later registry", BY, now)
    is_its_day = break_.details.get("date") == registry.day.isoformat()
    if not is_its_day or not break_.found_by.startswith(_FOUND_BY):
        return None
    if not statuses and not registry.is_closed:
        return None
    return gone(break_, "corrected", "a later registry of the day shows it no more", BY, now)


async def _load(
    connection: AsyncConnection, registry: Registry, differences: Sequence[Difference]
) -> dict[UUID, Break]:
    """Breaks of these differences, and those this registry may end; rows locked in id order."""
    c = breaks.c
    ids = {
        break_id(registry.provider, difference.kind, reference)
        for difference in differences
        for reference in (difference.reference, difference.old_reference)
    }
    of_the_day = sa.and_(
        c.provider == registry.provider,
        sa.or_(
            c.details["date"].astext == registry.day.isoformat(),
            sa.and_(
                c.kind == BreakKind.MISSING_AT_PSP.value,
                c.merchant_id == any_of(line.merchant_id for line in registry.lines),
            ),
        ),
    )
    query = (
        sa.select(breaks)
        .where(sa.or_(c.id == sa.any_(sa.literal(sorted(ids), ARRAY(sa.Uuid))), of_the_day))
        .order_by(c.id)
    )
    rows = await connection.execute(query.with_for_update(key_share=True))
    return {row["id"]: break_of(dict(row)) for row in rows.mappings()}


def _values(row: Break) -> dict[str, Any]:
    values = msgspec.structs.asdict(row)
    return {**values, "kind": row.kind.value, "state": row.state.value}


class _Changes:
    """Breaks that are new or have changed, and what is told of them: written many at a time."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now
        self._waiting: list[tuple[Break | None, Break]] = []

    async def add(self, before: Break | None, after: Break) -> None:
        """Without `before` it is new."""
        self._waiting.append((before, after))
        if len(self._waiting) >= _TOGETHER:
            await self.write()

    async def write(self) -> None:
        """Write what has been added."""
        changes, self._waiting = self._waiting, []
        new = [_values(after) for before, after in changes if before is None]
        old = [_values(after) for before, after in changes if before is not None]
        if new:
            await self._connection.execute(insert(breaks).on_conflict_do_nothing(), new)
        if old:
            is_it = breaks.c.id == sa.bindparam("of_id")
            values: dict[str, Any] = {name: sa.bindparam(f"to_{name}") for name in old[0]}
            query = breaks.update().where(is_it).values(values)
            rows = [
                {"of_id": row["id"], **{f"to_{name}": value for name, value in row.items()}}
                for row in old
            ]
            await self._connection.execute(query, rows)
        events = [event_of(before, after, BY, self._now) for before, after in changes]
        await add_to(self._connection, [one for one in events if one is not None], self._now)
