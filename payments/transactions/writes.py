"""Changing what a transaction says beside its money; what it was stays on record."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.kernel.errors import Conflict
from payments.kernel.free_json import EMPTY, merged
from payments.kernel.sql import load_sql
from payments.kernel.strict import NotRead
from payments.operations.refusals import METADATA_FULL
from payments.operations.tables import transactions
from payments.transactions.tables import transaction_changes, transaction_fills

LATE: Final = timedelta(minutes=2)
"""So much later than its time a decision may be committed, with what clocks differ."""
_AT_ONCE: Final = timedelta(hours=1)


async def change_metadata(
    engine: AsyncEngine, now: datetime, transaction_id: UUID, actor: str, change: msgspec.Raw
) -> None:
    """Merge members into the metadata of a transaction that is there; a repeat changes nothing.

    Raises 409 `metadata_full`.
    """
    text = sa.cast(transactions.c.metadata, sa.Text)
    async with engine.begin() as connection:
        query = sa.select(text).where(transactions.c.id == transaction_id).with_for_update()
        kept = (await connection.execute(query)).scalar_one()
        before = EMPTY if kept is None else msgspec.Raw(kept.encode())
        try:
            after = merged(before, change)
        except NotRead:
            raise Conflict(METADATA_FULL.sentence, code=METADATA_FULL.code) from None
        if after == before:
            return
        number = (
            sa.select(sa.func.coalesce(sa.func.max(transaction_changes.c.change), 0) + 1)
            .where(transaction_changes.c.transaction_id == transaction_id)
            .scalar_subquery()
        )
        await connection.execute(
            sa.insert(transaction_changes).values(
                transaction_id=transaction_id,
                change=number,
                actor=actor,
                metadata_before=sa.cast(bytes(before).decode(), sa.Text).cast(sa.JSON),
                metadata_after=sa.cast(bytes(after).decode(), sa.Text).cast(sa.JSON),
                changed_at=now,
            )
        )
        await connection.execute(
            sa.update(transactions)
            .where(transactions.c.id == transaction_id)
            .values(metadata=sa.cast(bytes(after).decode(), sa.Text).cast(sa.JSON))
        )


async def fill_transactions(engine: AsyncEngine, now: datetime) -> int:
    """Add the transactions of what a consumer of 0.1.0 has applied: it writes none itself.

    From where it was the last time, an hour of decisions at most; returns how many.
    """
    c = transaction_fills.c
    async with engine.begin() as connection:
        position = await connection.execute(sa.select(c.filled_until).with_for_update())
        filled_until: datetime = position.scalar_one()
        until = min(now, filled_until + _AT_ONCE)
        added = await connection.exec_driver_sql(
            load_sql(__file__, "fill_transactions"), (filled_until - LATE, until)
        )
        await connection.execute(sa.update(transaction_fills).values(filled_until=until))
        return int(added.scalar_one())
