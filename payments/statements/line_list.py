"""Reads of lines: those of a statement, and payments of ours that it lacks."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from payments.bankpayments.tables import organization_payments
from payments.kernel.money import currency_of, format_minor
from payments.statements.tables import (
    statement_claims,
    statement_lines,
    statement_parts,
    statements,
)
from payments.statements.whole import lacked

OURS_ONLY: Final = "ours_only"


class LineView(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a statement, or (`ours_only`) a payment of ours that it lacks.

    `subject_id`: the payment, payout or deposit that it meets; `claim_id`: of the claim of several.
    """

    line_id: UUID
    state: str
    date: date
    amount: str
    currency: str
    kind: str
    number: str
    inn: str
    counterparty: str
    purpose: str
    reference: str
    subject_id: UUID | None
    claim_id: UUID | None
    operation_id: UUID | None


_LINE: Final = statement_lines.c
_PAYMENT: Final = organization_payments.c
_CLAIMED: Final = statement_lines.outerjoin(
    statement_claims, statement_claims.c.item_id == _LINE.id
)
_WITH_CLAIM: Final = sa.select(statement_lines, statement_claims.c.claim_id)


async def list_lines(
    engine: AsyncEngine, statement_id: UUID, state: str | None, before: UUID | None, count: int
) -> Sequence[LineView]:
    """Lines of a statement by their id; of one state."""
    if state == OURS_ONLY:
        return await _list_ours(engine, statement_id, before, count)
    async with engine.connect() as connection:
        if state is None:
            rows = (await connection.execute(_of_statement(statement_id, before, count))).all()
        else:
            rows = await _in_state(connection, statement_id, state, before, count)
    return [line_view(row, row.shown_state, row.claim_id) for row in rows]


def _of_statement(statement_id: UUID, before: UUID | None, count: int) -> sa.Select[Any]:
    """Its lines, those of earlier statements too: a walk along what it has."""
    parts = statement_parts.c
    query = (
        _WITH_CLAIM.select_from(_CLAIMED.join(statement_parts, parts.line_id == _LINE.id))
        .where(parts.statement_id == statement_id)
        .order_by(parts.line_id.desc())
        .limit(count)
    )
    return query if before is None else query.where(parts.line_id < before)


async def _in_state(
    connection: AsyncConnection, statement_id: UUID, state: str, before: UUID | None, count: int
) -> Sequence[Any]:
    """Lines of one state. Its own are a walk along their index, no further than the page; lines
    that an earlier statement had are found among all that both have.
    """
    own = _WITH_CLAIM.select_from(_CLAIMED).where(_LINE.statement_id == statement_id)
    older = _of_statement(statement_id, before, count).where(_LINE.statement_id != statement_id)
    own = own.order_by(_LINE.id.desc()).limit(count)
    if before is not None:
        own = own.where(_LINE.id < before)
    rows = list(await connection.execute(own.where(_LINE.shown_state == state)))
    has_older = sa.select(statements.c.line_count > statements.c.new_line_count).where(
        statements.c.id == statement_id
    )
    if (await connection.execute(has_older)).scalar_one_or_none():
        rows += await connection.execute(older.where(_LINE.shown_state == state))
        rows.sort(key=lambda row: row.id, reverse=True)
    return rows[:count]


async def _list_ours(
    engine: AsyncEngine, statement_id: UUID, before: UUID | None, count: int
) -> Sequence[LineView]:
    query = (
        sa.select(organization_payments)
        .select_from(organization_payments.join(statements, lacked()))
        .where(statements.c.id == statement_id)
        .order_by(_PAYMENT.id.desc())
        .limit(count)
    )
    if before is not None:
        query = query.where(_PAYMENT.id < before)
    async with engine.connect() as connection:
        return [_ours(row) for row in await connection.execute(query)]


def line_view(row: Any, state: str, claim_id: UUID | None) -> LineView:
    """A row of the table, or its record."""
    return LineView(
        line_id=row.id,
        state=state,
        date=row.posted,
        amount=format_minor(row.minor, currency_of(row.currency)),
        currency=row.currency,
        kind=row.kind,
        number=row.number,
        inn=row.inn,
        counterparty=row.counterparty,
        purpose=row.purpose,
        reference=row.reference,
        subject_id=row.subject_id,
        claim_id=claim_id,
        operation_id=row.operation_id,
    )


def _ours(row: Any) -> LineView:
    return LineView(
        line_id=row.id,
        state=OURS_ONLY,
        date=row.document_date.date(),
        amount=format_minor(row.minor, currency_of(row.currency)),
        currency=row.currency,
        kind="payment",
        number=row.document_number,
        inn=row.payer_inn,
        counterparty="",
        purpose="",
        reference="",
        subject_id=row.id,
        claim_id=None,
        operation_id=row.operation_id,
    )
