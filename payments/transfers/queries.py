"""Reads of transfers."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.kernel.clock import rfc3339
from payments.kernel.errors import NotFound
from payments.kernel.money import currency_of, format_minor
from payments.operations.tables import operations
from payments.transfers.tables import Transfer, transfers


class TransferNotFound(NotFound):
    """There is no such transfer."""

    code = "transfer_not_found"


class TransferView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A transfer; `reversed` of it has gone back, `reversal_of` is what it gives back itself."""

    transfer_id: UUID
    source_wallet_id: int
    destination_wallet_id: int
    amount: str
    currency: str
    reversed: str
    reversal_of: UUID | None
    description: str
    created_at: str


_MADE: Final = sa.cast(operations.c.result["transfer_id"].as_string(), sa.Uuid)
"""The transfer that an operation made."""


async def get_transfer(engine: AsyncEngine, id_: UUID | None) -> TransferView:
    """The transfer of this id, or the one that the operation of this id made.

    Raises 404 `transfer_not_found`.
    """
    made = sa.select(_MADE).where(operations.c.id == id_, _is_transfer()).scalar_subquery()
    query = sa.select(transfers).where(transfers.c.id == sa.func.coalesce(made, id_))
    async with engine.connect() as connection:
        row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise TransferNotFound
    return transfer_view(row)


async def descriptions(engine: AsyncEngine, ids: Sequence[UUID]) -> dict[UUID, str]:
    """What the transfers among these operations were for."""
    if not ids:
        return {}
    query = (
        sa.select(operations.c.id, transfers.c.description)
        .join(transfers, transfers.c.id == _MADE)
        .where(operations.c.id.in_(ids), _is_transfer())
    )
    async with engine.connect() as connection:
        return {row.id: row.description for row in await connection.execute(query)}


def _is_transfer() -> sa.ColumnElement[bool]:
    kinds = ("transfer.create", "transfer.reverse")
    return sa.and_(operations.c.kind.in_(kinds), operations.c.status == "applied")


def transfer_view(row: sa.Row[Any] | Transfer) -> TransferView:
    """The transfer as it is shown."""
    currency = currency_of(row.currency)
    return TransferView(
        transfer_id=row.id,
        source_wallet_id=row.source_wallet_id,
        destination_wallet_id=row.destination_wallet_id,
        amount=format_minor(row.minor, currency),
        currency=row.currency,
        reversed=format_minor(row.reversed_minor, currency),
        reversal_of=row.reversal_of,
        description=row.description,
        created_at=rfc3339(row.created_at),
    )
