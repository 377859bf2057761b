"""Loads a registry: stores the file, compares its lines, opens breaks for differences.

It moves no money.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from payments.kernel.ids import new_id
from payments.reconciliation.compare import Difference, Ours, compare
from payments.reconciliation.ours import known, missing, moved_elsewhere
from payments.reconciliation.pursue import pursue
from payments.reconciliation.tables import registry_lines, registry_runs
from payments.statements.settlement_day import Line, Registry

_LOCK: Final = 7_203_101
_CHUNK: Final = 1000


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """What a registry showed.

    `differences`: all of them. `new_ids`: breaks that are new or reopened. `ask`: ours that have
    not ended though a line says so; the provider should be queried about them.
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
    """Load a registry in one transaction; concurrent loads wait. Loading a file again finds nothing
    new.
    """
    run_id = new_id()
    async with engine.begin() as connection:
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        await _keep_run(connection, registry, run_id, source, by, now)
        dropped = await _keep_lines(connection, registry, run_id)
        ours = await known(connection, (line.merchant_id for line in registry.lines))
        lacking = (
            await missing(connection, registry.provider, registry.day, dropped)
            if registry.is_closed
            else ()
        )
        elsewhere = await moved_elsewhere(connection, registry.provider, registry.day, ours)
        differences = compare(registry.lines, ours, lacking, registry.generated_at, elsewhere)
        pursued = await pursue(connection, registry, differences, run_id, now)
        different = {difference.merchant_id for difference in differences}
        matched = sum(line.merchant_id not in different for line in registry.lines)
        await connection.execute(
            registry_runs.update()
            .where(registry_runs.c.id == run_id)
            .values(
                matched_count=matched,
                break_count=len(pursued.break_ids),
                new_break_count=len(pursued.new_ids),
            )
        )
    return Loaded(
        run_id=run_id,
        differences=differences,
        break_ids=pursued.break_ids,
        new_ids=pursued.new_ids,
        ask=_behind(ours, registry.lines),
        line_count=len(registry.lines),
        matched_count=matched,
    )


def _behind(ours: Mapping[int, Ours], lines: Sequence[Line]) -> list[Ours]:
    merchant_ids = {
        line.merchant_id
        for line in lines
        if line.merchant_id in ours and line.status not in ours[line.merchant_id].agrees
    }
    return [ours[merchant_id] for merchant_id in sorted(merchant_ids)]


async def _keep_run(
    connection: AsyncConnection,
    registry: Registry,
    run_id: UUID,
    source: str,
    by: str,
    now: datetime,
) -> None:
    await connection.execute(
        registry_runs.insert().values(
            id=run_id,
            provider=registry.provider,
            date=registry.day,
            source=source,
            is_closed=registry.is_closed,
            digest=hashlib.sha256(registry.raw).digest(),
            raw=registry.raw,
            line_count=len(registry.lines),
            matched_count=0,
            break_count=0,
            new_break_count=0,
            loaded_by=by,
            loaded_at=now,
        )
    )


async def _keep_lines(
    connection: AsyncConnection, registry: Registry, run_id: UUID
) -> Collection[int]:
    """Append new and changed lines; supersede lines that a closed registry lacks.

    Returns the merchant ids of superseded lines. An open registry may lack lines that are still to
    come.
    """
    c = registry_lines.c
    is_holding = sa.and_(
        c.provider == registry.provider, c.date == registry.day, c.superseded_by.is_(None)
    )
    query = sa.select(*(c[name] for name in Line.__struct_fields__)).where(is_holding)
    before = {row["line_id"]: Line(**row) for row in (await connection.execute(query)).mappings()}
    after = {line.line_id: line for line in registry.lines}
    new = [line for line in registry.lines if before.get(line.line_id) != line]
    changed = {line.line_id for line in new} & before.keys()
    dropped = before.keys() - after.keys() if registry.is_closed else set()
    ended = sorted(changed | dropped)
    for first in range(0, len(ended), _CHUNK):
        await connection.execute(
            registry_lines.update()
            .where(is_holding, c.line_id.in_(ended[first : first + _CHUNK]))
            .values(superseded_by=run_id)
        )
    rows = [
        {
            **msgspec.structs.asdict(line),
            "provider": registry.provider,
            "date": registry.day,
            "run_id": run_id,
        }
        for line in new
    ]
    for first in range(0, len(rows), _CHUNK):
        await connection.execute(insert(registry_lines).values(rows[first : first + _CHUNK]))
    return {before[line_id].merchant_id for line_id in ended}
