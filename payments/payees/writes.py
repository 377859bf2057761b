"""Saving and deleting payees."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from payments.kernel.ids import new_id
from payments.payees.errors import (
    PayeeCurrencyMismatch,
    PayeeNotFound,
    TooManyPayees,
    UserNotFound,
)
from payments.payees.queries import PayeeView, live, payee_view
from payments.payees.status import PayeeStatus
from payments.payees.tables import payees
from payments.users.tables import users

PAYEES_MAX: Final = 100
"""Of one owner."""


async def save_payee(
    engine: AsyncEngine,
    actor: str,
    values: dict[str, Any],
    *,
    is_confirmed: bool,
    now: datetime,
) -> tuple[PayeeView, bool]:
    """The payee, and whether it is new: the same wallet of the same owner is saved once.

    `values`: owner, user_id, superpay_wallet_id, currency, name. What SuperPay confirmed now is
    noted on one that is there already. Raises 409 `payee_currency_mismatch`, `too_many_payees`,
    422 `user_not_found`.
    """
    checked: dict[str, Any] = {"status": PayeeStatus.UNCONFIRMED.value, "checked_at": None}
    if is_confirmed:
        checked = {"status": PayeeStatus.CONFIRMED.value, "checked_at": now}
    async with engine.begin() as connection:
        await _check_user(connection, values["user_id"])
        inserted = await connection.execute(
            postgresql.insert(payees)
            .values(**values, **checked, id=new_id(), actor=actor, created_at=now)
            .on_conflict_do_nothing()
            .returning(payees)
        )
        row = inserted.one_or_none()
        if row is not None:
            await _check_count(connection, actor, values["owner"])
            return payee_view(row), True
        return await _saved_before(connection, actor, values, checked), False


async def _check_user(connection: AsyncConnection, user_id: int | None) -> None:
    """`users` keeps its rows for ever, so that the reference cannot break between the two."""
    if user_id is None:
        return
    query = sa.select(users.c.id).where(users.c.id == user_id)
    if (await connection.execute(query)).scalar_one_or_none() is None:
        raise UserNotFound


async def _check_count(connection: AsyncConnection, actor: str, owner: str) -> None:
    """With the new one in it. Two savers at once may pass the limit by one each: no money moves."""
    count = sa.select(sa.func.count()).where(live((actor,)), payees.c.owner == owner)
    if (await connection.execute(count)).scalar_one() > PAYEES_MAX:
        raise TooManyPayees


async def _saved_before(
    connection: AsyncConnection, actor: str, values: dict[str, Any], checked: dict[str, Any]
) -> PayeeView:
    """The row that is there. A wallet has one currency: another one is a mistake of either."""
    same = sa.and_(
        live((actor,)),
        payees.c.owner == values["owner"],
        payees.c.superpay_wallet_id == values["superpay_wallet_id"],
    )
    row = (await connection.execute(sa.select(payees).where(same).with_for_update())).one_or_none()
    if row is None:  # deleted since: as if the one who deletes had come later
        raise PayeeNotFound
    if row.currency != values["currency"]:
        raise PayeeCurrencyMismatch
    if checked["checked_at"] is None:
        return payee_view(row)
    again = payees.update().where(payees.c.id == row.id).values(checked).returning(payees)
    return payee_view((await connection.execute(again)).one())


async def delete_payee(
    engine: AsyncEngine, id_: UUID | None, actors: Sequence[str] | None, now: datetime
) -> None:
    """Delete one of one's own; payouts that were accepted go on. Raises 404 `payee_not_found`."""
    statement = (
        payees.update()
        .where(payees.c.id == id_, live(actors))
        .values(deleted_at=now)
        .returning(payees.c.id)
    )
    async with engine.begin() as connection:
        if (await connection.execute(statement)).scalar_one_or_none() is None:
            raise PayeeNotFound
