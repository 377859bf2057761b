"""Loading a registry: the file is kept, its lines are compared, what differs becomes breaks.

Moves no money.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from payments.breaks.tables import Break, BreakKind, breaks, new_break
from payments.kernel.ids import new_id
from payments.reconciliation.compare import RETURNED, Difference, Line, Ours, compare
from payments.reconciliation.ours import known, missing, moved_elsewhere
from payments.reconciliation.tables import registry_lines, registry_runs

_LOCK: Final = 7_203_101


class Registry(msgspec.Struct, frozen=True, kw_only=True):
    """A registry that was read: its day, whether more may come, its lines, and the file itself."""

    provider: str
    day: date
    is_closed: bool
    generated_at: datetime
    lines: Sequence[Line]
    raw: bytes


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """What a registry showed. `differences` are all of them, `new_ids` the breaks that are new.

    `ask`: ours that are not ended though a line says so; the provider should be asked about them.
    """

    run_id: UUID
    differences: Sequence[Difference]
    break_ids: Sequence[UUID]
    new_ids: Sequence[UUID]
    ask: Sequence[Ours]
    line_count: int
    matched_count: int


async def load(
    engine: AsyncEngine, registry: Registry, *, source: str, by: str, now: datetime
) -> Loaded:
    """One transaction; two at once wait for each other. The same file again finds nothing new."""
    run_id = new_id()
    async with engine.begin() as connection:
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        await _keep_lines(connection, registry, run_id)
        ours = await known(connection, (line.merchant_id for line in registry.lines))
        gone = await missing(connection, registry.provider, registry.day, registry.generated_at)
        elsewhere = await moved_elsewhere(connection, registry.provider, registry.day, ours)
        found = compare(registry.lines, ours, gone, registry.generated_at, elsewhere)
        rows = [_row(registry.provider, one, run_id, now) for one in found]
        new_ids = await _open(connection, rows)
        await _close_found(connection, registry, now)
        different = {one.merchant_id for one in found}
        matched = sum(line.merchant_id not in different for line in registry.lines)
        counts = {
            "line_count": len(registry.lines),
            "matched_count": matched,
            "break_count": len(rows),
            "new_break_count": len(new_ids),
        }
        await connection.execute(
            registry_runs.insert().values(
                id=run_id,
                provider=registry.provider,
                date=registry.day,
                source=source,
                is_closed=registry.is_closed,
                digest=hashlib.sha256(registry.raw).digest(),
                raw=registry.raw,
                loaded_by=by,
                loaded_at=now,
                **counts,
            )
        )
    return Loaded(
        run_id=run_id,
        differences=found,
        break_ids=[row.id for row in rows],
        new_ids=new_ids,
        ask=_behind(ours, registry.lines),
        line_count=len(registry.lines),
        matched_count=matched,
    )


def _behind(ours: Mapping[int, Ours], lines: Sequence[Line]) -> list[Ours]:
    found = {
        line.merchant_id
        for line in lines
        if line.merchant_id in ours and line.status not in ours[line.merchant_id].agrees
    }
    return [ours[merchant_id] for merchant_id in sorted(found)]


def _row(provider: str, one: Difference, run_id: UUID, now: datetime) -> Break:
    return new_break(
        provider,
        one.kind,
        one.reference,
        merchant_id=one.merchant_id,
        subject_id=one.subject_id,
        at_risk=one.at_risk,
        details=one.details,
        found_by=f"registry:{run_id}",
        now=now,
    )


async def _open(connection: AsyncConnection, rows: Sequence[Break]) -> list[UUID]:
    """New breaks only: one that is known stays as it is, also when it was resolved."""
    if not rows:
        return []
    statement = (
        insert(breaks)
        .values([_values(row) for row in rows])
        .on_conflict_do_nothing()
        .returning(breaks.c.id)
    )
    return list((await connection.execute(statement)).scalars())


def _values(row: Break) -> Mapping[str, Any]:
    values = msgspec.structs.asdict(row)
    return {**values, "kind": row.kind.value, "state": row.state.value}


async def _close_found(connection: AsyncConnection, registry: Registry, now: datetime) -> None:
    """Missing lines that have come after all: their breaks were a matter of time."""
    c, lines = breaks.c, registry_lines.c
    came = sa.exists().where(
        lines.provider == registry.provider,
        lines.date == registry.day,
        lines.merchant_id == c.merchant_id,
        # A payout that came back has two lines: the first is no news of the second.
        sa.or_(c.details["lacks"].astext.is_distinct_from(RETURNED), lines.status == RETURNED),
    )
    await connection.execute(
        breaks.update()
        .where(c.kind == BreakKind.MISSING_AT_PSP.value, c.state != "resolved", came)
        .values(
            state="resolved",
            resolution={"resolution": "timing", "reason": "the line came in a later registry"},
            resolved_by="registry",
            resolved_at=now,
        )
    )


async def _keep_lines(connection: AsyncConnection, registry: Registry, run_id: UUID) -> None:
    """The registry's lines replace what an earlier one of that day said."""
    c = registry_lines.c
    await connection.execute(
        registry_lines.delete().where(c.provider == registry.provider, c.date == registry.day)
    )
    rows = [
        {
            **msgspec.structs.asdict(line),
            "provider": registry.provider,
            "date": registry.day,
            "run_id": run_id,
        }
        for line in {line.line_id: line for line in registry.lines}.values()
    ]
    for first in range(0, len(rows), 1000):
        statement = insert(registry_lines).values(rows[first : first + 1000])
        await connection.execute(statement.on_conflict_do_nothing())
