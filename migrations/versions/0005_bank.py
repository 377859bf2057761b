"""Banks, their clients and accounts, tariffs, marketplaces and payments."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(sa.schema.CreateSequence(sa.Sequence("bank_account_numbers")))
    op.create_table(
        "bank_clients",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "email !~ '[[:cntrl:][:space:]]'", name=op.f("bank_clients_email_check")
        ),
        sa.CheckConstraint("id > 0", name=op.f("bank_clients_id_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("bank_clients_pkey")),
    )
    op.create_table(
        "banks",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False, comment="also its book"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id > 0", name=op.f("banks_id_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("banks_pkey")),
        sa.UniqueConstraint("name", name=op.f("banks_name_key")),
    )
    op.create_table(
        "marketplaces",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("marketplaces_pkey")),
        sa.UniqueConstraint("name", name=op.f("marketplaces_name_key")),
    )
    op.create_table(
        "bank_accounts",
        sa.Column(
            "id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="ledger account's number",
        ),
        sa.Column("number", sa.Text(), nullable=False, comment="the seed's number_invoice"),
        sa.Column("bank_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "starts_with(number, bank_id::text)", name=op.f("bank_accounts_number_check")
        ),
        sa.ForeignKeyConstraint(["bank_id"], ["banks.id"], name=op.f("bank_accounts_bank_id_fkey")),
        sa.ForeignKeyConstraint(
            ["client_id"], ["bank_clients.id"], name=op.f("bank_accounts_client_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("bank_accounts_pkey")),
        sa.UniqueConstraint("number", name=op.f("bank_accounts_number_key")),
    )
    op.create_table(
        "banks_percents",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("bank_provider", sa.Integer(), nullable=False),
        sa.Column("bank_receiver", sa.Integer(), nullable=False),
        sa.Column(
            "pair",
            sa.Text(),
            sa.Computed("bank_provider::text || ':' || bank_receiver::text", persisted=True),
            nullable=False,
            comment="how a payment finds its tariff: provider:receiver",
        ),
        sa.Column("percent_bp", sa.Integer(), nullable=False, comment="hundredths of a percent"),
        sa.Column("min_amount_money", sa.BigInteger(), nullable=False, comment="minor units"),
        sa.Column("refund_fee", sa.Text(), server_default="return", nullable=False),
        sa.CheckConstraint(
            "refund_fee IN ('return', 'keep')", name=op.f("banks_percents_refund_fee_check")
        ),
        sa.CheckConstraint(
            "bank_provider <> bank_receiver", name=op.f("banks_percents_banks_check")
        ),
        sa.CheckConstraint(
            "percent_bp BETWEEN 0 AND 10000 AND min_amount_money >= 0",
            name=op.f("banks_percents_fee_check"),
        ),
        sa.ForeignKeyConstraint(
            ["bank_provider"], ["banks.id"], name=op.f("banks_percents_bank_provider_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["bank_receiver"], ["banks.id"], name=op.f("banks_percents_bank_receiver_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("banks_percents_pkey")),
        sa.UniqueConstraint("pair", name=op.f("banks_percents_pair_key")),
    )
    op.create_table(
        "marketplace_keys",
        sa.Column(
            "key_hash", sa.LargeBinary(), nullable=False, comment="SHA-256; the key is nowhere"
        ),
        sa.Column("marketplace_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "octet_length(key_hash) = 32", name=op.f("marketplace_keys_key_hash_check")
        ),
        sa.ForeignKeyConstraint(
            ["marketplace_id"],
            ["marketplaces.id"],
            name=op.f("marketplace_keys_marketplace_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("marketplace_keys_pkey")),
    )
    op.create_table(
        "bank_payments",
        sa.Column("id", sa.Uuid(), nullable=False, comment="the operation that asked for it"),
        sa.Column("operation_key", sa.Text(), nullable=False),
        sa.Column("marketplace_id", sa.Integer(), nullable=False),
        sa.Column("customer_account_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_bank_id", sa.Integer(), nullable=False),
        sa.Column("seller_account_id", sa.BigInteger(), nullable=False),
        sa.Column("seller_bank_id", sa.Integer(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column(
            "fee_minor", sa.BigInteger(), nullable=False, comment="as the tariff was at the request"
        ),
        sa.Column("refund_fee", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column(
            "code_hash", sa.LargeBinary(), nullable=False, comment="HMAC; the code is nowhere"
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refunded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refund_id", sa.Uuid(), nullable=True, comment="the operation that gave it back"),
        sa.CheckConstraint(
            "(paid_at IS NOT NULL) = (status IN ('success', 'refunded'))",
            name=op.f("bank_payments_paid_check"),
        ),
        sa.CheckConstraint(
            "(status = 'refunded') = (refunded_at IS NOT NULL) AND (status = 'refunded') = (refund_id IS NOT NULL)",
            name=op.f("bank_payments_refunded_check"),
        ),
        sa.CheckConstraint(
            "refund_fee IN ('return', 'keep')", name=op.f("bank_payments_refund_fee_check")
        ),
        sa.CheckConstraint(
            "status IN ('pause', 'success', 'expired', 'refunded')",
            name=op.f("bank_payments_status_check"),
        ),
        sa.CheckConstraint("attempts BETWEEN 0 AND 5", name=op.f("bank_payments_attempts_check")),
        sa.CheckConstraint(
            "minor > 0 AND fee_minor >= 0 AND fee_minor <= minor",
            name=op.f("bank_payments_amounts_check"),
        ),
        sa.CheckConstraint(
            "octet_length(code_hash) = 32", name=op.f("bank_payments_code_hash_check")
        ),
        sa.ForeignKeyConstraint(
            ["customer_account_id"],
            ["bank_accounts.id"],
            name=op.f("bank_payments_customer_account_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["marketplace_id"], ["marketplaces.id"], name=op.f("bank_payments_marketplace_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["seller_account_id"],
            ["bank_accounts.id"],
            name=op.f("bank_payments_seller_account_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("bank_payments_pkey")),
        sa.UniqueConstraint("operation_key", name=op.f("bank_payments_operation_key_key")),
    )
    op.create_index(
        "bank_payments_pause_expires_at_idx",
        "bank_payments",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("status = 'pause'"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("bank_payments")
    op.drop_table("marketplace_keys")
    op.drop_table("banks_percents")
    op.drop_table("bank_accounts")
    op.drop_table("marketplaces")
    op.drop_table("banks")
    op.drop_table("bank_clients")
    op.execute(sa.schema.DropSequence(sa.Sequence("bank_account_numbers")))
