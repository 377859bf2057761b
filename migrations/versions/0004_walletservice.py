"""Wallets of the wallet service; payments of the bank webhook."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(sa.schema.CreateSequence(sa.Sequence("client_transfer_numbers")))
    op.create_table(
        "client_transfers",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("operation_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("source_wallet_id", sa.BigInteger(), nullable=False),
        sa.Column("destination_wallet_id", sa.BigInteger(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column(
            "reason",
            sa.Text(),
            nullable=True,
            comment="why it was refused; null when it was processed",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("minor > 0", name=op.f("client_transfers_minor_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("client_transfers_pkey")),
        sa.UniqueConstraint("operation_id", name=op.f("client_transfers_operation_id_key")),
        comment="every transfer a client asked for, the refused ones too",
    )
    op.create_index(
        "client_transfers_user_id_id_idx", "client_transfers", ["user_id", "id"], unique=False
    )
    op.create_table(
        "client_wallets",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("wallet_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("client_wallets_pkey")),
        sa.UniqueConstraint("wallet_id", name=op.f("client_wallets_wallet_id_key")),
        comment="one wallet a client: the primary key says so",
    )
    op.create_table(
        "organizations",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="number of its account",
        ),
        sa.Column("inn", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("inn ~ '^([0-9]{10}|[0-9]{12})$'", name=op.f("organizations_inn_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("organizations_pkey")),
        sa.UniqueConstraint("inn", name=op.f("organizations_inn_key")),
    )
    op.create_table(
        "organization_balance_changes",
        sa.Column("operation_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("before_minor", sa.BigInteger(), nullable=False),
        sa.Column("after_minor", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("organization_balance_changes_organization_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("operation_id", name=op.f("organization_balance_changes_pkey")),
        comment="every change of an organization's balance, before and after",
    )
    op.create_index(
        "organization_balance_changes_organization_id_idx",
        "organization_balance_changes",
        ["organization_id"],
        unique=False,
    )
    op.create_table(
        "organization_payments",
        sa.Column("id", sa.Uuid(), nullable=False, comment="operation_id of the bank"),
        sa.Column("operation_id", sa.Uuid(), nullable=False, comment="ours"),
        sa.Column("payer_inn", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.BigInteger(), nullable=True),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("document_number", sa.Text(), nullable=False),
        sa.Column("document_date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "matched_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when it left suspense, if ever there",
        ),
        sa.CheckConstraint(
            "(status = 'unmatched') = (organization_id IS NULL)",
            name=op.f("organization_payments_owner_check"),
        ),
        sa.CheckConstraint(
            "status IN ('credited', 'unmatched')", name=op.f("organization_payments_status_check")
        ),
        sa.CheckConstraint("minor > 0", name=op.f("organization_payments_minor_check")),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("organization_payments_organization_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("organization_payments_pkey")),
        sa.UniqueConstraint("operation_id", name=op.f("organization_payments_operation_id_key")),
    )
    op.create_index(
        "organization_payments_organization_id_idx",
        "organization_payments",
        ["organization_id"],
        unique=False,
    )
    op.create_index(
        "organization_payments_unmatched_payer_inn_idx",
        "organization_payments",
        ["payer_inn"],
        unique=False,
        postgresql_where=sa.text("status = 'unmatched'"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("organization_payments")
    op.drop_table("organization_balance_changes")
    op.drop_table("organizations")
    op.drop_table("client_wallets")
    op.drop_table("client_transfers")
    op.execute(sa.schema.DropSequence(sa.Sequence("client_transfer_numbers")))
