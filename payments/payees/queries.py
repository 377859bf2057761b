"""Reads of payees; a client sees its own, an administrator everybody's."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.kernel.clock import rfc3339
from payments.kernel.words import one_of
from payments.payees.errors import PayeeNotFound
from payments.payees.status import PayeeStatus
from payments.payees.tables import payees


class PayeeView(msgspec.Struct, frozen=True, kw_only=True):
    """A saved SuperPay wallet. `checked_at`: when SuperPay confirmed wallet and currency."""

    payee_id: UUID
    owner: str
    user_id: int | None
    superpay_wallet_id: str
    currency: str
    name: str
    status: Annotated[str, one_of(PayeeStatus)]
    checked_at: str | None
    created_at: str


def live(actors: Sequence[str] | None) -> sa.ColumnElement[bool]:
    """Payees of these actors (of everybody when None) that are not deleted."""
    whose = sa.true() if actors is None else payees.c.actor.in_(actors)
    return sa.and_(payees.c.deleted_at.is_(None), whose)


async def get_payee(
    engine: AsyncEngine, id_: UUID | None, actors: Sequence[str] | None
) -> PayeeView:
    """One of one's own. Raises 404 `payee_not_found`."""
    async with engine.connect() as connection:
        query = sa.select(payees).where(payees.c.id == id_, live(actors))
        row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise PayeeNotFound
    return payee_view(row)


async def list_payees(
    engine: AsyncEngine,
    actors: Sequence[str] | None,
    owner: str | None,
    before: UUID | None,
    count: int,
) -> Sequence[PayeeView]:
    """Newest first."""
    query = sa.select(payees).where(live(actors)).order_by(payees.c.id.desc()).limit(count)
    if owner is not None:
        query = query.where(payees.c.owner == owner)
    if before is not None:
        query = query.where(payees.c.id < before)
    async with engine.connect() as connection:
        return [payee_view(row) for row in await connection.execute(query)]


def payee_view(row: sa.Row[Any]) -> PayeeView:
    """The payee as it is shown."""
    return PayeeView(
        payee_id=row.id,
        owner=row.owner,
        user_id=row.user_id,
        superpay_wallet_id=row.superpay_wallet_id,
        currency=row.currency,
        name=row.name,
        status=row.status,
        checked_at=None if row.checked_at is None else rfc3339(row.checked_at),
        created_at=rfc3339(row.created_at),
    )
