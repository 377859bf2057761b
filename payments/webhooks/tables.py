"""Table of refused webhooks."""

from typing import Final

import sqlalchemy as sa

from payments.kernel.database import METADATA

turned_away_webhooks: Final = sa.Table(
    "turned_away_webhooks",
    METADATA,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("kind", sa.Text, nullable=False, comment="the code of the answer"),
    sa.Column("digest", sa.LargeBinary, nullable=False, comment="SHA-256 of the body"),
    sa.Column("transaction_id", sa.BigInteger, comment="as a body of the shop's provider claimed"),
    sa.Column("turned_away_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("surface", sa.Text, nullable=False, server_default="shop", comment="shop or bank"),
    sa.Column(
        "reference",
        sa.Text,
        nullable=False,
        server_default="",
        comment="the sender's own id, as the body claimed",
    ),
    sa.Column(
        "detail", sa.Text, nullable=False, server_default="", comment="what the sender was told"
    ),
    sa.CheckConstraint("octet_length(digest) = 32", name="digest"),
)
sa.Index(
    "turned_away_webhooks_surface_kind_id_idx",
    turned_away_webhooks.c.surface,
    turned_away_webhooks.c.kind,
    turned_away_webhooks.c.id,
)
