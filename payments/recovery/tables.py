"""Recoveries: each from the moment an operator begins it until effects go on."""

from typing import Final

import sqlalchemy as sa

from payments.kernel.database import METADATA

recoveries: Final = sa.Table(
    "recoveries",
    METADATA,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("kind", sa.Text, nullable=False, comment="which server was restored"),
    sa.Column("gap_from", sa.DateTime(timezone=True), nullable=False, comment="the state restored"),
    sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("opened_by", sa.Text, nullable=False),
    sa.Column("accepting_at", sa.DateTime(timezone=True), comment="when the doors were opened"),
    sa.Column("settled_at", sa.DateTime(timezone=True), comment="when what was paid was asked for"),
    sa.Column("closed_at", sa.DateTime(timezone=True)),
    sa.Column("closed_by", sa.Text),
    sa.CheckConstraint("kind IN ('postgres-older', 'redis-older', 'both-restored')", name="kind"),
    comment="while one is not closed, effects that change anything outside wait",
)
sa.Index(
    "recoveries_one_open_key",
    recoveries.c.closed_at.is_(None),
    unique=True,
    postgresql_where=sa.text("closed_at IS NULL"),
)
