"""Table of products. A deleted product stays, because past purchases name it."""

from datetime import datetime
from typing import ClassVar, Final

import sqlalchemy as sa

from payments.kernel.database import METADATA
from payments.operations.record import Record

products: Final = sa.Table(
    "products",
    METADATA,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("minor", sa.BigInteger, nullable=False, comment="the price"),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False, server_default="1", comment="edits so far"),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("deleted_at", sa.DateTime(timezone=True)),
    sa.CheckConstraint("minor > 0", name="minor"),
)


class Product(Record, frozen=True, kw_only=True):
    """A product. Operations read its price under lock and never change it."""

    table: ClassVar[sa.Table] = products

    id: int
    title: str
    description: str
    minor: int
    currency: str
    version: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
