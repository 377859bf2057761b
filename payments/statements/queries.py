"""Reads of statements: the list, one, its lines, and what we have that it lacks."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.bankpayments.tables import organization_payments
from payments.breaks.tables import BreakKind, breaks
from payments.kernel.clock import rfc3339
from payments.kernel.errors import NotFound
from payments.kernel.money import currency_of, format_minor
from payments.statements.statement import Statement
from payments.statements.status import LineState
from payments.statements.tables import statements
from payments.statements.tallies import BREAK, tallies_of
from payments.statements.whole import lacked

Place = tuple[datetime, UUID]
"""Where a statement stands in the list: when it was loaded, and its id."""


class StatementNotFound(NotFound):
    """There is no such statement."""

    code = "statement_not_found"


class StatementView(msgspec.Struct, frozen=True, kw_only=True):
    """A statement and what became of its lines; `breaks`: open ones about it.

    `statement_id` is null in a dry run, which keeps nothing and knows no states. `opening` and
    `closing` are null for a settlement file, which has no balances.
    """

    statement_id: UUID | None
    account: str
    format: str
    currency: str
    begins: date
    ends: date
    opening: str | None
    closing: str | None
    received: str
    sent: str
    fees: str
    lines: int
    new_lines: int
    pending: int
    matched: int
    unmatched: int
    fee_lines: int
    undecided: int
    ours_only: int
    ours_only_amount: str
    breaks: int
    sha256: str
    loaded_by: str
    loaded_at: str


async def list_statements(
    engine: AsyncEngine, account: str | None, before: Place | None, count: int
) -> Sequence[Place]:
    """Newest first: when each was loaded, and its id."""
    c = statements.c
    query = sa.select(c.loaded_at, c.id).order_by(c.loaded_at.desc(), c.id.desc()).limit(count)
    if account is not None:
        query = query.where(c.account == account)
    if before is not None:
        query = query.where(sa.tuple_(c.loaded_at, c.id) < before)
    async with engine.connect() as connection:
        return [(row[0], row[1]) for row in await connection.execute(query)]


async def get_statements(engine: AsyncEngine, ids: Sequence[UUID]) -> Sequence[StatementView]:
    """The statements, in that order. Raises 404 `statement_not_found`."""
    c = statements.c
    ours = (
        sa.select(
            sa.func.count().label("ours_count"),
            sa.func.coalesce(sa.func.sum(organization_payments.c.minor), 0).label("ours_minor"),
        )
        .select_from(organization_payments)
        .where(lacked())
        .correlate(statements)
        .lateral("ours")
    )
    query = sa.select(statements, ours.c.ours_count, ours.c.ours_minor).join(ours, sa.true())
    async with engine.connect() as connection:
        rows = {row.id: row for row in await connection.execute(query.where(c.id.in_(ids)))}
        tallies = await tallies_of(connection, ids)
        open_breaks = await _breaks(connection, ids)
    if len(rows) != len(set(ids)):
        raise StatementNotFound
    return [_view(rows[id_], tallies.get(id_, {}), open_breaks.get(id_, 0)) for id_ in ids]


async def check_exists(engine: AsyncEngine, id_: UUID) -> None:
    """Raises 404 `statement_not_found`."""
    query = sa.select(statements.c.id).where(statements.c.id == id_)
    async with engine.connect() as connection:
        if (await connection.execute(query)).one_or_none() is None:
            raise StatementNotFound


async def _breaks(connection: Any, ids: Sequence[UUID]) -> dict[UUID, int]:
    """Open breaks of gaps before the statements, and of payments they lack."""
    b = breaks.c
    found: dict[UUID, int] = {}
    gaps = (
        sa.select(b.subject_id, sa.func.count())
        .where(
            b.kind == BreakKind.STATEMENT_GAP.value, b.subject_id.in_(ids), b.state != "resolved"
        )
        .group_by(b.subject_id)
    )
    lacking = (
        sa.select(statements.c.id, sa.func.count())
        .select_from(statements.join(organization_payments, lacked()))
        .join(breaks, sa.and_(b.subject_id == organization_payments.c.id, b.state != "resolved"))
        .where(statements.c.id.in_(ids), b.kind == BreakKind.MISSING_AT_BANK.value)
        .group_by(statements.c.id)
    )
    for query in (gaps, lacking):
        for id_, count in await connection.execute(query):
            found[id_] = found.get(id_, 0) + count
    return found


def preview(
    statement: Statement, format_: str, new_lines: int, digest: str, by: str, now: datetime
) -> StatementView:
    """What a file says, with nothing kept."""
    currency = currency_of(statement.currency)
    zero = format_minor(0, currency)

    def amount(minor: int | None) -> str | None:
        return None if minor is None else format_minor(minor, currency)

    return StatementView(
        statement_id=None,
        account=statement.account,
        format=format_,
        currency=statement.currency,
        begins=statement.begins,
        ends=statement.ends,
        opening=amount(statement.opening_minor),
        closing=amount(statement.closing_minor),
        received=format_minor(statement.received_minor, currency),
        sent=format_minor(statement.sent_minor, currency),
        fees=format_minor(statement.fee_minor, currency),
        lines=len(statement.lines),
        new_lines=new_lines,
        pending=statement.pending,
        matched=0,
        unmatched=0,
        fee_lines=0,
        undecided=new_lines,
        ours_only=0,
        ours_only_amount=zero,
        breaks=0,
        sha256=digest,
        loaded_by=by,
        loaded_at=rfc3339(now),
    )


def _view(row: Any, tallies: Mapping[str, int], other_breaks: int) -> StatementView:
    currency = currency_of(row.currency)

    def amount(minor: int) -> str:
        return format_minor(minor, currency)

    return StatementView(
        statement_id=row.id,
        account=row.account,
        format=row.format,
        currency=row.currency,
        begins=row.begins,
        ends=row.ends,
        opening=None if row.opening_minor is None else amount(row.opening_minor),
        closing=None if row.closing_minor is None else amount(row.closing_minor),
        received=amount(row.received_minor),
        sent=amount(row.sent_minor),
        fees=amount(row.fee_minor),
        lines=row.line_count,
        new_lines=row.new_line_count,
        pending=row.pending_count,
        matched=tallies.get(LineState.MATCHED.value, 0),
        unmatched=tallies.get(LineState.THEIRS_ONLY.value, 0),
        fee_lines=tallies.get(LineState.FEE.value, 0),
        undecided=tallies.get(LineState.NEW.value, 0),
        ours_only=row.ours_count,
        ours_only_amount=amount(int(row.ours_minor)),
        breaks=other_breaks + tallies.get(BREAK, 0),
        sha256=row.digest.hex(),
        loaded_by=row.loaded_by,
        loaded_at=rfc3339(row.loaded_at),
    )
