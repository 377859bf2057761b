"""After a restore effects wait until what the provider has paid is known and settled."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; one recovery at a time."""
    op.create_table(
        "recoveries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="which server was restored"),
        sa.Column(
            "gap_from", sa.DateTime(timezone=True), nullable=False, comment="the state restored"
        ),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column(
            "accepting_at", sa.DateTime(timezone=True), comment="when the doors were opened"
        ),
        sa.Column(
            "settled_at", sa.DateTime(timezone=True), comment="when what was paid was asked for"
        ),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("closed_by", sa.Text()),
        sa.CheckConstraint(
            "kind IN ('postgres-older', 'redis-older', 'both-restored')",
            name=op.f("recoveries_kind_check"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("recoveries_pkey")),
        comment="while one is not closed, effects that change anything outside wait",
    )
    op.create_index(
        "recoveries_one_open_key",
        "recoveries",
        [sa.text("(closed_at IS NULL)")],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )


def downgrade() -> None:
    """Nothing waits for a recovery any more."""
    op.drop_table("recoveries")
