"""API keys, wallets, transfers and holds."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(sa.schema.CreateSequence(sa.Sequence("wallet_numbers")))
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Text(), nullable=False, comment="the public part of the key"),
        sa.Column(
            "name", sa.Text(), nullable=False, comment="for people: which client it was made for"
        ),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column(
            "secret_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="SHA-256: the secret has 256 random bits, so no salt",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "octet_length(secret_hash) = 32", name=op.f("api_keys_secret_hash_check")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("api_keys_pkey")),
    )
    op.create_table(
        "holds",
        sa.Column("id", sa.Uuid(), nullable=False, comment="the operation that made it"),
        sa.Column("wallet_id", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False, comment="hold (a client's own) or payout"),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("captured_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("released_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(closed_at IS NOT NULL) = (captured_minor + released_minor = minor)",
            name=op.f("holds_closed_check"),
        ),
        sa.CheckConstraint(
            "minor > 0 AND captured_minor >= 0 AND released_minor >= 0 AND captured_minor + released_minor <= minor",
            name=op.f("holds_parts_check"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("holds_pkey")),
    )
    op.create_index(
        "holds_open_expires_at_idx",
        "holds",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL AND expires_at IS NOT NULL"),
    )
    op.create_index(
        "holds_open_wallet_id_idx",
        "holds",
        ["wallet_id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "transfers",
        sa.Column("id", sa.Uuid(), nullable=False, comment="the operation that made it"),
        sa.Column("source_wallet_id", sa.BigInteger(), nullable=False),
        sa.Column("destination_wallet_id", sa.BigInteger(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("reversed_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reversal_of", sa.Uuid(), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "minor > 0 AND reversed_minor BETWEEN 0 AND minor", name=op.f("transfers_minor_check")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("transfers_pkey")),
    )
    op.create_table(
        "wallets",
        sa.Column(
            "id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="also the ledger account's id",
        ),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("metadata", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("wallets_pkey")),
    )
    op.create_index("wallets_owner_id_idx", "wallets", ["owner", "id"], unique=False)


def downgrade() -> None:
    """Drop them."""
    op.drop_table("wallets")
    op.drop_table("transfers")
    op.drop_table("holds")
    op.drop_table("api_keys")
    op.execute(sa.schema.DropSequence(sa.Sequence("wallet_numbers")))
