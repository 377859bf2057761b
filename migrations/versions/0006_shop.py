"""Users, products, bills and what moved on them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(sa.schema.CreateSequence(sa.Sequence("bill_transaction_numbers")))
    op.create_table(
        "attempt_windows",
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False, comment="digest of a login or an address"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("started_at", "subject", name=op.f("attempt_windows_pkey")),
    )
    op.create_table(
        "bill_transactions",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("operation_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("bill_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False, comment="what was added or paid"),
        sa.Column("balance", sa.BigInteger(), nullable=False, comment="of the bill afterwards"),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column(
            "transaction_id",
            sa.BigInteger(),
            nullable=True,
            comment="the provider's number of a top-up",
        ),
        sa.Column("product_id", sa.BigInteger(), nullable=True, comment="what was bought"),
        sa.Column(
            "title", sa.Text(), nullable=True, comment="the product's title when it was bought"
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(kind = 'topup' AND transaction_id IS NOT NULL AND product_id IS NULL) OR (kind = 'purchase' AND transaction_id IS NULL AND product_id IS NOT NULL)",
            name=op.f("bill_transactions_kind_check"),
        ),
        sa.CheckConstraint(
            "minor > 0 AND balance >= 0", name=op.f("bill_transactions_minor_check")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("bill_transactions_pkey")),
        comment="the history a user sees; the ledger's entries are the truth about money",
    )
    op.create_index(
        "bill_transactions_transaction_id_key",
        "bill_transactions",
        ["transaction_id"],
        unique=True,
        postgresql_where=sa.text("transaction_id IS NOT NULL"),
    )
    op.create_index(
        "bill_transactions_user_id_id_idx", "bill_transactions", ["user_id", "id"], unique=False
    )
    op.create_table(
        "products",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False, comment="the price"),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column(
            "version", sa.Integer(), server_default="1", nullable=False, comment="edits so far"
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("minor > 0", name=op.f("products_minor_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("products_pkey")),
    )
    op.create_table(
        "turned_away_webhooks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="the code of the answer"),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="SHA-256 of the body"),
        sa.Column("transaction_id", sa.BigInteger(), nullable=False, comment="as the body claimed"),
        sa.Column("turned_away_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "octet_length(digest) = 32", name=op.f("turned_away_webhooks_digest_check")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("turned_away_webhooks_pkey")),
    )
    op.create_index(
        "turned_away_webhooks_kind_id_idx", "turned_away_webhooks", ["kind", "id"], unique=False
    )
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("login", sa.Text(), nullable=False, comment="as it was given"),
        sa.Column("login_key", sa.Text(), nullable=False, comment="the login, folded: Bob is bob"),
        sa.Column("password_hash", sa.Text(), nullable=False, comment="argon2id"),
        sa.Column("is_active", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_admin", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column(
            "generation",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="access tokens of an older generation are void",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("users_pkey")),
        sa.UniqueConstraint("login_key", name=op.f("users_login_key_key")),
    )
    op.create_table(
        "activation_tokens",
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="SHA-256 of 256 random bits"),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "octet_length(digest) = 32", name=op.f("activation_tokens_digest_check")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("activation_tokens_user_id_fkey")
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("activation_tokens_pkey")),
    )
    op.create_index(
        op.f("activation_tokens_user_id_idx"), "activation_tokens", ["user_id"], unique=False
    )
    op.create_table(
        "bills",
        sa.Column(
            "id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="the provider's number",
        ),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id > 0", name=op.f("bills_id_check")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("bills_user_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("bills_pkey")),
    )
    op.create_index(
        "bills_user_id_created_at_id_idx", "bills", ["user_id", "created_at", "id"], unique=False
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("bills")
    op.drop_table("activation_tokens")
    op.drop_table("users")
    op.drop_table("turned_away_webhooks")
    op.drop_table("products")
    op.drop_table("bill_transactions")
    op.drop_table("attempt_windows")
    op.execute(sa.schema.DropSequence(sa.Sequence("bill_transaction_numbers")))
