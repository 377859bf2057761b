"""Changes products. They move no money: a purchase reads the price when it is applied."""

from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from payments.kernel.clock import Clock
from payments.kernel.errors import PaymentsError
from payments.products.queries import ProductNotFound, product_of
from payments.products.tables import Product, products


class VersionMismatch(PaymentsError):
    """Somebody else changed it since you read it; read it again."""

    status = 412
    code = "version_mismatch"


class ProductChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The fields to change; omitted fields keep their value. `minor` is in `currency`."""

    title: str | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType = msgspec.UNSET
    minor: int | msgspec.UnsetType = msgspec.UNSET
    currency: str | msgspec.UnsetType = msgspec.UNSET


async def create_product(engine: AsyncEngine, clock: Clock, values: ProductChange) -> Product:
    """Create a product; all fields must be set."""
    now = clock()
    row = {**msgspec.to_builtins(values), "created_at": now, "updated_at": now}
    async with engine.begin() as connection:
        result = await connection.execute(products.insert().values(row).returning(products))
        return product_of(result.one())


async def change_product(
    engine: AsyncEngine, clock: Clock, product_id: int, change: ProductChange, version: int | None
) -> Product:
    """Change a product and return it.

    Raises 404 `product_not_found`; 412 `version_mismatch` if its version is not `version`.
    """
    values = {**msgspec.to_builtins(change), "updated_at": clock()}
    return await _update(engine, product_id, values, version)


async def delete_product(
    engine: AsyncEngine, clock: Clock, product_id: int, version: int | None
) -> None:
    """Take a product off sale; past purchases still show it. Raises like `change_product`."""
    await _update(engine, product_id, {"deleted_at": clock()}, version)


async def _update(
    engine: AsyncEngine, product_id: int, values: dict[str, Any], version: int | None
) -> Product:
    is_product = (products.c.id == product_id) & products.c.deleted_at.is_(None)
    matching = is_product if version is None else is_product & (products.c.version == version)
    change = (
        products.update()
        .where(matching)
        .values({**values, "version": products.c.version + 1})
        .returning(products)
    )
    async with engine.begin() as connection:
        row = (await connection.execute(change)).one_or_none()
        if row is None:
            await _explain(connection, is_product)
            raise VersionMismatch
        return product_of(row)


async def _explain(connection: AsyncConnection, is_product: sa.ColumnElement[bool]) -> None:
    if (await connection.execute(sa.select(products.c.id).where(is_product))).first() is None:
        raise ProductNotFound
