"""Writes of reference data (clients, tariffs, marketplaces, keys); none of it moves money."""

import re
from decimal import Decimal
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.banks.books import WHOLE_BP
from payments.banks.status import RefundFee
from payments.banks.tables import bank_clients, banks_percents, marketplace_keys, marketplaces
from payments.banks.token import digest_of
from payments.kernel.clock import Clock
from payments.mail.message import checked_address

_BP_PER_PERCENT: Final = 100
_PERCENT: Final = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,2})?", re.ASCII)


async def put_client(
    engine: AsyncEngine, clock: Clock, *, client_id: int, name: str, email: str
) -> None:
    """Add a client, or change its name and address. Raises `BadAddress`."""
    values = {"name": name, "email": checked_address(email)}
    statement = (
        insert(bank_clients)
        .values(id=client_id, created_at=clock(), **values)
        .on_conflict_do_update(index_elements=["id"], set_=values)
    )
    async with engine.begin() as connection:
        await connection.execute(statement)


async def put_tariff(
    engine: AsyncEngine,
    banks: tuple[int, int],
    *,
    percent: str,
    min_minor: int,
    refund_fee: RefundFee = RefundFee.RETURN,
) -> None:
    """Set the fee of payments from the first bank to the second.

    Payments that exist keep their terms. `percent` is a decimal text with at most two decimals.
    Raises ValueError for an invalid percentage, for the same bank twice and for an unknown bank.
    """
    values = {
        "percent_bp": percent_bp(percent),
        "min_amount_money": min_minor,
        "refund_fee": refund_fee.value,
    }
    statement = (
        insert(banks_percents)
        .values(bank_provider=banks[0], bank_receiver=banks[1], **values)
        .on_conflict_do_update(index_elements=["pair"], set_=values)
    )
    try:
        async with engine.begin() as connection:
            await connection.execute(statement)
    except IntegrityError:
        raise ValueError("a tariff is for two banks that exist") from None


def percent_bp(percent: str) -> int:
    """Basis points of a decimal text between 0 and 100."""
    if _PERCENT.fullmatch(percent) is None:
        raise ValueError("a percentage has at most two decimals, such as 5 or 2.75")
    basis_points = int(Decimal(percent) * _BP_PER_PERCENT)
    if basis_points > WHOLE_BP:
        raise ValueError("a percentage is between 0 and 100")
    return basis_points


async def put_marketplace(engine: AsyncEngine, clock: Clock, name: str) -> int:
    """The id of the marketplace with this name, which is created if missing."""
    statement = (
        insert(marketplaces)
        .values(name=name, created_at=clock())
        .on_conflict_do_nothing(index_elements=["name"])
    )
    async with engine.begin() as connection:
        await connection.execute(statement)
        rows = await connection.execute(
            sa.select(marketplaces.c.id).where(marketplaces.c.name == name)
        )
        return int(rows.scalar_one())


async def add_key(engine: AsyncEngine, clock: Clock, marketplace_id: int, key: str) -> None:
    """Add an API key to a marketplace; adding it again changes nothing."""
    statement = (
        insert(marketplace_keys)
        .values(key_hash=digest_of(key), marketplace_id=marketplace_id, created_at=clock())
        .on_conflict_do_nothing(index_elements=["key_hash"])
    )
    async with engine.begin() as connection:
        await connection.execute(statement)


async def revoke_key(engine: AsyncEngine, clock: Clock, key: str) -> bool:
    """Revoke a key at once. False when it was not valid."""
    digest = digest_of(key)
    still_valid = (marketplace_keys.c.key_hash == digest) & marketplace_keys.c.revoked_at.is_(None)
    async with engine.begin() as connection:
        done = await connection.execute(
            marketplace_keys.update().where(still_valid).values(revoked_at=clock())
        )
    return done.rowcount == 1
