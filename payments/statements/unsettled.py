"""Breaks of settlement files that the bank has not paid, or paid with another sum."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from payments.bankpayments.receive import PROVIDER
from payments.breaks.follow import followed, gone
from payments.breaks.rows import load_breaks, write_breaks
from payments.breaks.tables import Break, BreakKind, breaks, new_break
from payments.kernel.money import currency_of, format_minor
from payments.statements.pairing import Pairing, Part

BY: Final = "settlement"


class Unsettled(msgspec.Struct, frozen=True, kw_only=True):
    """An account's files that nothing pays; `near`: the one line and the one file that differ."""

    account: str
    currency: str
    within_days: int
    files: Sequence[Part]
    near: Pairing | None


async def pursue_unsettled(
    connection: AsyncConnection, accounts: Sequence[Unsettled], now: datetime
) -> None:
    """Open, follow and end the breaks of these accounts' files."""
    found = {one.id: one for account in accounts for one in _breaks(account, now)}
    existing = await load_breaks(
        connection,
        sa.or_(
            breaks.c.id == sa.any_(sa.literal(list(found), ARRAY(sa.Uuid))),
            sa.and_(breaks.c.found_by == BY, breaks.c.state != "resolved"),
        ),
    )
    rows = [followed(existing.get(id_), one) for id_, one in found.items()]
    rows += [
        gone(one, "timing", "the bank paid it since", BY, now)
        for id_, one in existing.items()
        if id_ not in found
    ]
    await write_breaks(connection, [row for row in rows if row is not None], existing, now)


def _breaks(account: Unsettled, now: datetime) -> Iterable[Break]:
    near = account.near
    for part in account.files:
        if near is not None and part == near.files[0]:
            yield _break(account, part, near, now)
        elif now.date() - part.day > timedelta(days=account.within_days):
            yield _break(account, part, None, now)


def _break(account: Unsettled, part: Part, near: Pairing | None, now: datetime) -> Break:
    """Another sum came, or none within the days of the account."""
    currency = currency_of(account.currency)
    theirs = (
        None
        if near is None
        else {
            "amount": format_minor(near.lines[0].minor, currency),
            "currency": account.currency,
        }
    )
    return new_break(
        PROVIDER,
        BreakKind.MISSING_AT_BANK if near is None else BreakKind.AMOUNT_MISMATCH,
        str(part.id),
        merchant_id=None,
        subject_id=part.id,
        at_risk=(abs(part.minor if near is None else near.difference), account.currency),
        details={
            "account": account.account,
            "date": part.day.isoformat(),
            "ours": {"amount": format_minor(part.minor, currency), "currency": account.currency},
            "theirs": theirs,
            **({} if near is None else {"line_id": str(near.lines[0].id)}),
        },
        found_by=BY,
        now=now,
    )
