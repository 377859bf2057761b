"""Payees: SuperPay wallets that users saved; a payout may name one."""

import sqlalchemy as sa
from alembic import op

revision = "0063"
down_revision = "0055"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No payout of the past names a payee, so that the new reference has nothing to check."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "payees",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False, comment="the client that saved it"),
        sa.Column("owner", sa.Text(), nullable=False, comment="whose it is, as wallets.owner"),
        sa.Column(
            "user_id",
            sa.BigInteger(),
            nullable=True,
            comment="the same person, where it has an account here",
        ),
        sa.Column("superpay_wallet_id", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="for people"),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column(
            "checked_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when SuperPay confirmed it",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "deleted_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="payouts still point to it",
        ),
        sa.CheckConstraint(
            "status IN ('confirmed', 'unconfirmed')", name=op.f("payees_status_check")
        ),
        sa.CheckConstraint(
            "(status = 'confirmed') = (checked_at IS NOT NULL)", name=op.f("payees_checked_check")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("payees_user_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("payees_pkey")),
    )
    op.create_index(op.f("payees_user_id_idx"), "payees", ["user_id"])
    op.create_index(
        "payees_actor_owner_wallet_key",
        "payees",
        ["actor", "owner", "superpay_wallet_id"],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "payees_actor_id_idx",
        "payees",
        ["actor", "id"],
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.add_column(
        "payouts",
        sa.Column(
            "payee_id", sa.Uuid(), nullable=True, comment="the saved wallet that the payout named"
        ),
    )
    op.execute(
        "ALTER TABLE payouts ADD CONSTRAINT payouts_payee_id_fkey "
        "FOREIGN KEY (payee_id) REFERENCES payees (id) NOT VALID"
    )
    # lets writers go on, and no row has anything to look up
    op.execute("ALTER TABLE payouts VALIDATE CONSTRAINT payouts_payee_id_fkey")


def downgrade() -> None:
    """Forget saved wallets; payouts keep the wallet that they were sent to."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("payouts", "payee_id")
    op.drop_table("payees")
