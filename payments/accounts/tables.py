"""The table of named house accounts: their balance is the ledger's."""

from datetime import datetime
from typing import ClassVar, Final

import sqlalchemy as sa

from payments.kernel.database import METADATA
from payments.operations.record import Record

house_accounts: Final = sa.Table(
    "house_accounts",
    METADATA,
    sa.Column(
        "id",
        sa.BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="also the ledger account's id",
    ),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("allow_negative", sa.Boolean, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.UniqueConstraint("name", "currency"),
)
sa.Index("house_accounts_created_at_id_idx", house_accounts.c.created_at, house_accounts.c.id)


class HouseAccount(Record, frozen=True, kw_only=True):
    """A house account; one name may exist in several currencies."""

    table: ClassVar[sa.Table] = house_accounts

    id: int
    name: str
    currency: str
    allow_negative: bool
    created_by: str
    created_at: datetime
