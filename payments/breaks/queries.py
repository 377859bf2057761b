"""Reads of breaks."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.breaks.tables import SEVERITIES, Break, BreakKind, BreakState, breaks
from payments.kernel.clock import rfc3339
from payments.kernel.errors import NotFound
from payments.kernel.money import currency_of, format_minor
from payments.kernel.words import one_of


class BreakNotFound(NotFound):
    """There is no such break."""

    code = "break_not_found"


class BreakView(msgspec.Struct, frozen=True, kw_only=True):
    """What each side says, the money at risk, the age of the difference, and its resolution.

    `history`: its content before the facts changed or it was reopened, oldest first.
    """

    break_id: UUID
    provider: str
    kind: Annotated[str, one_of(BreakKind)]
    severity: Annotated[str, one_of(sorted(set(SEVERITIES.values())))]
    state: Annotated[str, one_of(BreakState)]
    merchant_id: int | None
    subject_id: UUID | None
    money_at_risk: str
    currency: str
    age_s: int
    details: Mapping[str, Any]
    found_by: str
    assignee: str | None
    proposal: Mapping[str, Any] | None
    resolution: Mapping[str, Any] | None
    resolved_by: str | None
    resolution_operation_id: UUID | None
    opened_at: str
    resolved_at: str | None
    history: Sequence[Mapping[str, Any]] = ()


class BreakSummary(msgspec.Struct, frozen=True, kw_only=True):
    """Unresolved breaks of a kind and currency."""

    kind: Annotated[str, one_of(BreakKind)]
    severity: Annotated[str, one_of(sorted(set(SEVERITIES.values())))]
    currency: str
    count: int
    money_at_risk: str
    oldest_age_s: int


async def get_break(engine: AsyncEngine, break_id: UUID | None, now: datetime) -> BreakView:
    """The break. Raises 404 `break_not_found`."""
    query = sa.select(breaks).where(breaks.c.id == break_id)
    async with engine.connect() as connection:
        row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise BreakNotFound
    return break_view(row, now)


async def list_breaks(
    engine: AsyncEngine,
    filters: Mapping[str, Any],
    now: datetime,
    before: tuple[datetime, UUID] | None,
    limit: int,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[BreakView]:
    """Newest first; `filters` maps columns to the values they must have."""
    query = sa.select(breaks).where(*(breaks.c[n] == v for n, v in filters.items()))
    if since is not None:
        query = query.where(breaks.c.opened_at >= since)
    if until is not None:
        query = query.where(breaks.c.opened_at < until)
    if before is not None:
        query = query.where(sa.tuple_(breaks.c.opened_at, breaks.c.id) < before)
    query = query.order_by(breaks.c.opened_at.desc(), breaks.c.id.desc()).limit(limit)
    async with engine.connect() as connection:
        return [break_view(row, now) for row in await connection.execute(query)]


async def summary(engine: AsyncEngine, now: datetime) -> list[BreakSummary]:
    """Unresolved breaks by kind and currency."""
    c = breaks.c
    groups = (c.kind, c.severity, c.currency)
    query = (
        sa.select(
            *groups,
            sa.func.count().label("breaks"),
            sa.func.sum(c.at_risk_minor).label("at_risk"),
            sa.func.min(c.opened_at).label("oldest"),
        )
        .where(c.state != "resolved")
        .group_by(*groups)
        .order_by(*groups)
    )
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).all()
    return [
        BreakSummary(
            kind=r.kind,
            severity=r.severity,
            currency=r.currency,
            count=r.breaks,
            money_at_risk=format_minor(int(r.at_risk), currency_of(r.currency)),
            oldest_age_s=int((now - r.oldest).total_seconds()),
        )
        for r in rows
    ]


async def at_risk(engine: AsyncEngine) -> tuple[int, dict[str, int]]:
    """The number of unresolved breaks and the money at risk: minor units by currency."""
    c = breaks.c
    query = (
        sa.select(c.currency, sa.func.count(), sa.func.sum(c.at_risk_minor))
        .where(c.state != "resolved")
        .group_by(c.currency)
    )
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).all()
    return sum(row[1] for row in rows), {row[0]: int(row[2]) for row in rows}


def break_view(row: sa.Row[Any] | Break, now: datetime) -> BreakView:
    """The break as it is shown."""
    return BreakView(
        break_id=row.id,
        provider=row.provider,
        kind=BreakKind(row.kind).value,
        severity=row.severity,
        state=BreakState(row.state).value,
        merchant_id=row.merchant_id,
        subject_id=row.subject_id,
        money_at_risk=format_minor(row.at_risk_minor, currency_of(row.currency)),
        currency=row.currency,
        age_s=int(((row.resolved_at or now) - row.opened_at).total_seconds()),
        details=row.details,
        found_by=row.found_by,
        assignee=row.assignee,
        proposal=row.proposal,
        resolution=row.resolution,
        resolved_by=row.resolved_by,
        resolution_operation_id=row.resolution_id,
        opened_at=rfc3339(row.opened_at),
        resolved_at=None if row.resolved_at is None else rfc3339(row.resolved_at),
        history=row.history,
    )
