"""Breaks that a statement as a whole shows: a gap before it, and payments that it lacks."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from payments.bankpayments.receive import PROVIDER
from payments.bankpayments.tables import CURRENCY, organization_payments
from payments.breaks.follow import followed, gone
from payments.breaks.rows import load_breaks, write_breaks
from payments.breaks.tables import Break, BreakKind, breaks, new_break
from payments.kernel.money import currency_of, format_minor
from payments.statements.gaps import Gap, Period, gaps_of
from payments.statements.tables import statement_claims, statement_lines, statements

_BY: Final = "statement"
_MISSING_AT_ONCE: Final = 1000
_FIRST_ID: Final = UUID(int=0)


async def pursue_gaps(
    connection: AsyncConnection, account: str, currency: str, now: datetime
) -> None:
    """Open the breaks of the account's gaps, end those of gaps that are filled."""
    c, lines = statements.c, statement_lines.c
    query = sa.select(c.id, c.begins, c.ends, c.opening_minor, c.closing_minor)
    query = query.where(c.account == account, c.opening_minor.is_not(None)).order_by(c.begins)
    periods = [Period(*row) for row in await connection.execute(query)]
    sums_query = sa.select(lines.posted, sa.cast(sa.func.sum(lines.minor), sa.BigInteger))
    sums_query = sums_query.where(lines.account == account).group_by(lines.posted)
    sums = {row[0]: row[1] for row in await connection.execute(sums_query)}
    found = {
        one.id: one for gap in gaps_of(periods, sums) for one in [_gap(gap, account, currency, now)]
    }
    existing = await load_breaks(
        connection,
        sa.or_(
            breaks.c.id == sa.any_(sa.literal(list(found), ARRAY(sa.Uuid))),
            sa.and_(
                breaks.c.kind == BreakKind.STATEMENT_GAP.value,
                breaks.c.details["account"].astext == account,
            ),
        ),
    )
    rows = [followed(existing.get(id_), one) for id_, one in found.items()]
    rows += [
        gone(one, "timing", "the statements follow each other now", _BY, now)
        for id_, one in existing.items()
        if id_ not in found
    ]
    await write_breaks(connection, [row for row in rows if row is not None], existing, now)


def _gap(gap: Gap, account: str, currency: str, now: datetime) -> Break:
    period = gap.period
    iso = currency_of(currency)
    return new_break(
        PROVIDER,
        BreakKind.STATEMENT_GAP,
        f"{account}:{gap.day}:closing" if gap.at_end else f"{account}:{gap.day}",
        merchant_id=None,
        subject_id=period.id,
        at_risk=(abs(gap.says - gap.expected), currency),
        details={
            "account": account,
            "date": gap.day.isoformat(),
            "balance": "closing" if gap.at_end else "opening",
            "ours": {"amount": format_minor(gap.expected, iso), "currency": currency},
            "theirs": {"amount": format_minor(gap.says, iso), "currency": currency},
        },
        found_by=_BY,
        now=now,
    )


async def pursue_missing(connection: AsyncConnection, statement_id: UUID, now: datetime) -> int:
    """Open a break for each webhook payment of the statement's days that no line meets.

    Returns how many there are.
    """
    count, last_id = 0, _FIRST_ID
    while ids := await _pursue_page(connection, statement_id, last_id, now):
        count, last_id = count + len(ids), ids[-1]
    return count


async def _pursue_page(
    connection: AsyncConnection, statement_id: UUID, after: UUID, now: datetime
) -> list[UUID]:
    payments = organization_payments.c
    query = sa.select(payments.id, payments.meeting, payments.minor, payments.payer_inn)
    query = query.add_columns(payments.document_number)
    query = query.select_from(organization_payments.join(statements, lacked()))
    query = query.where(
        statements.c.id == statement_id, payments.meeting.is_not(None), payments.id > after
    )
    rows = (await connection.execute(query.order_by(payments.id).limit(_MISSING_AT_ONCE))).all()
    found = {one.id: one for row in rows for one in [_missing(row, now)]}
    ids = sa.literal(list(found), ARRAY(sa.Uuid))
    existing = await load_breaks(connection, breaks.c.id == sa.any_(ids))
    changed = [followed(existing.get(id_), one) for id_, one in found.items()]
    await write_breaks(connection, [row for row in changed if row is not None], existing, now)
    return [row.id for row in rows]


def lacked() -> sa.ColumnElement[bool]:
    """Webhook payments that no line meets, of the days of the statement they are joined with."""
    c, payments = statements.c, organization_payments.c
    day = sa.cast(sa.func.timezone("Europe/Moscow", payments.document_date), sa.Date)
    return sa.and_(
        payments.line_id.is_(None),
        ~sa.select(statement_claims.c.item_id)
        .where(statement_claims.c.item_id == payments.id)
        .correlate(organization_payments)
        .exists(),
        c.currency == CURRENCY,
        c.opening_minor.is_not(None),
        day.between(c.begins, sa.func.coalesce(c.final_until, c.ends)),
    )


def _missing(row: Any, now: datetime) -> Break:
    return new_break(
        PROVIDER,
        BreakKind.MISSING_AT_BANK,
        row.meeting,
        merchant_id=None,
        subject_id=row.id,
        at_risk=(row.minor, CURRENCY),
        details={
            "ours": {
                "amount": format_minor(row.minor, currency_of(CURRENCY)),
                "currency": CURRENCY,
                "inn": row.payer_inn,
                "number": row.document_number,
            },
        },
        found_by=_BY,
        now=now,
    )
