"""Reads of products."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.kernel.errors import NotFound
from payments.products.tables import Product, products


class ProductNotFound(NotFound):
    """There is no such product."""

    code = "product_not_found"


async def list_products(engine: AsyncEngine, before: int | None, count: int) -> Sequence[Product]:
    """Products for sale, newest first."""
    query = sa.select(products).where(products.c.deleted_at.is_(None))
    if before is not None:
        query = query.where(products.c.id < before)
    async with engine.connect() as connection:
        rows = await connection.execute(query.order_by(products.c.id.desc()).limit(count))
        return [product_of(row) for row in rows]


async def get_product(engine: AsyncEngine, product_id: int) -> Product:
    """The product. Raises 404 `product_not_found`."""
    query = sa.select(products).where(products.c.id == product_id, products.c.deleted_at.is_(None))
    async with engine.connect() as connection:
        row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise ProductNotFound
    return product_of(row)


def product_of(row: sa.Row[Any]) -> Product:
    """The product of a row."""
    return Product(**row._mapping)  # noqa: SLF001 - SQLAlchemy's name for it
