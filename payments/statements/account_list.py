"""Our accounts at banks and providers: how far their statements go, and which is late."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.kernel.errors import NotFound
from payments.kernel.money import currency_of, format_minor
from payments.statements.tables import statement_accounts, statements


class StatementAccountNotFound(NotFound):
    """No statement of this account was imported yet: the first one makes it known."""

    code = "statement_account_not_found"


class StatementAccountView(msgspec.Struct, frozen=True, kw_only=True):
    """An account and the newest day its statements reach.

    `payer_inn`: who pays out what settlement files of this account say. `drift`: how much the
    payment may differ from them. `days_late`: since a statement should have come.
    """

    account: str
    currency: str
    payer_inn: str
    drift: str
    statement_within_days: int
    statements: int
    newest_day: date | None
    closing: str | None
    days_late: int


async def list_accounts(
    engine: AsyncEngine, today: date, before: int | None, count: int
) -> Sequence[tuple[int, StatementAccountView]]:
    """Newest first, each with its number."""
    a, s = statement_accounts.c, statements.c
    newest = (
        sa.select(s.ends, s.closing_minor)
        .where(s.account == a.account)
        .order_by(s.ends.desc(), s.loaded_at.desc())
        .limit(1)
        .correlate(statement_accounts)
        .lateral("newest")
    )
    counted = sa.select(sa.func.count()).where(s.account == a.account).scalar_subquery()
    query = (
        sa.select(statement_accounts, newest, counted.label("statements"))
        .outerjoin(newest, sa.true())
        .order_by(a.number.desc())
        .limit(count)
    )
    if before is not None:
        query = query.where(a.number < before)
    async with engine.connect() as connection:
        return [(row.number, _view(row, today)) for row in await connection.execute(query)]


async def get_account(engine: AsyncEngine, account: str, today: date) -> StatementAccountView:
    """The account as the bank writes it. Raises 404 `statement_account_not_found`."""
    query = sa.select(statement_accounts.c.number).where(statement_accounts.c.account == account)
    async with engine.connect() as connection:
        number: int | None = (await connection.execute(query)).scalar_one_or_none()
    if number is None:
        raise StatementAccountNotFound
    [(_, view)] = await list_accounts(engine, today, number + 1, 1)
    return view


async def late_accounts(engine: AsyncEngine, today: date) -> dict[str, int]:
    """Days that each account's statement is late; 0: it is not."""
    a, s = statement_accounts.c, statements.c
    query = (
        sa.select(a.account, a.statement_within_days, sa.func.max(s.ends))
        .join(statements, s.account == a.account)
        .group_by(a.account, a.statement_within_days)
    )
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).all()
    return {account: days_late(newest, within, today) for account, within, newest in rows}


def days_late(newest: date | None, within_days: int, today: date) -> int:
    """How many days ago a statement should have come."""
    if newest is None:
        return 0
    return max(0, (today - newest - timedelta(days=within_days)).days)


def _view(row: Any, today: date) -> StatementAccountView:
    currency = currency_of(row.currency)
    closing = None if row.closing_minor is None else format_minor(row.closing_minor, currency)
    return StatementAccountView(
        account=row.account,
        currency=row.currency,
        payer_inn=row.payer_inn,
        drift=format_minor(row.drift_minor, currency),
        statement_within_days=row.statement_within_days,
        statements=row.statements,
        newest_day=row.ends,
        closing=closing,
        days_late=days_late(row.ends, row.statement_within_days, today),
    )
