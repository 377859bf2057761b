"""The table of saved SuperPay wallets."""

from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

import sqlalchemy as sa

from payments.kernel.database import METADATA
from payments.operations.record import Record
from payments.payees.status import PayeeStatus

_STATUSES: Final = ", ".join(f"'{s.value}'" for s in PayeeStatus)

payees: Final = sa.Table(
    "payees",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("actor", sa.Text, nullable=False, comment="the client that saved it"),
    sa.Column("owner", sa.Text, nullable=False, comment="whose it is, as wallets.owner"),
    sa.Column(
        "user_id",
        sa.BigInteger,
        sa.ForeignKey("users.id"),
        index=True,
        comment="the same person, where it has an account here",
    ),
    sa.Column("superpay_wallet_id", sa.Text, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False, comment="for people"),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("checked_at", sa.DateTime(timezone=True), comment="when SuperPay confirmed it"),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("deleted_at", sa.DateTime(timezone=True), comment="payouts still point to it"),
    sa.CheckConstraint(f"status IN ({_STATUSES})", name="status"),
    sa.CheckConstraint("(status = 'confirmed') = (checked_at IS NOT NULL)", name="checked"),
)
sa.Index(
    "payees_actor_owner_wallet_key",
    payees.c.actor,
    payees.c.owner,
    payees.c.superpay_wallet_id,
    unique=True,
    postgresql_where=payees.c.deleted_at.is_(None),
)
sa.Index(
    "payees_actor_id_idx",
    payees.c.actor,
    payees.c.id,
    postgresql_where=payees.c.deleted_at.is_(None),
)


class Payee(Record, frozen=True, kw_only=True):
    """A saved SuperPay wallet. Operations read it, they never write it."""

    table: ClassVar[sa.Table] = payees

    id: UUID
    actor: str
    owner: str
    user_id: int | None
    superpay_wallet_id: str
    currency: str
    name: str
    status: PayeeStatus
    checked_at: datetime | None
    created_at: datetime
    deleted_at: datetime | None
