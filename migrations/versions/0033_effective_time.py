"""Balances by effective time: what was dated back, and up to when such balances were answered."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing was dated back before this release."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "accounts",
        sa.Column(
            "effective_until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="no transaction counts from before this any more: that balance was answered",
        ),
    )
    op.create_table(
        "backdated_entries",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "seq",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="the account's last entry of the transaction",
        ),
        sa.Column(
            "minor", sa.BigInteger(), nullable=False, comment="minor units, credit positive"
        ),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "seq", name=op.f("backdated_entries_pkey")),
        comment="what a transaction with an effective time moved, an account a row",
    )
    op.create_index(
        "backdated_entries_effective_idx",
        "backdated_entries",
        ["account_id", "effective_at"],
        postgresql_include=["seq", "minor"],
    )


def downgrade() -> None:
    """Forget from when back-dated transactions count."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("backdated_entries")
    op.drop_column("accounts", "effective_until")
