"""One row for everything that moves money, and house accounts under names of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; 0034 makes the transactions of the operations that are there."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    _house_accounts()
    _transactions()
    _transaction_amounts()
    _indexes()


def downgrade() -> None:
    """Forget what the rows say beside the entries."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("transaction_amounts")
    op.drop_table("transactions")
    op.drop_table("house_accounts")


def _house_accounts() -> None:
    op.create_table(
        "house_accounts",
        sa.Column(
            "id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="also the ledger account's id",
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("allow_negative", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("house_accounts_pkey")),
        sa.UniqueConstraint("name", "currency", name=op.f("house_accounts_name_currency_key")),
    )
    op.create_index("house_accounts_created_at_id_idx", "house_accounts", ["created_at", "id"])


def _transactions() -> None:
    op.create_table(
        "transactions",
        sa.Column(
            "id",
            sa.Uuid(),
            nullable=False,
            comment="the operation's, or one of its time: it sorts",
        ),
        sa.Column("operation_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column(
            "currency",
            sa.SmallInteger(),
            nullable=False,
            comment="ISO 4217 number of the first posting",
        ),
        sa.Column(
            "minor", sa.BigInteger(), nullable=False, comment="minor units of the first posting"
        ),
        sa.Column(
            "postings",
            sa.JSON(),
            nullable=False,
            comment="[[source account, destination account, minor units, currency number], …]",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("metadata", sa.JSON(), nullable=True),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reversal_of", sa.Uuid(), nullable=True),
        sa.Column("reversed_by", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("transactions_pkey")),
        comment="everything that moved money, one row an operation, written in the same transaction",
    )


def _transaction_amounts() -> None:
    op.create_table(
        "transaction_amounts",
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("currency", sa.SmallInteger(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "transaction_id", "position", name=op.f("transaction_amounts_pkey")
        ),
        comment="amounts of postings after the first, where they differ from it",
    )
    op.create_index(
        "transaction_amounts_currency_minor_idx", "transaction_amounts", ["currency", "minor"]
    )


def _indexes() -> None:
    for columns in (
        ["created_at"],
        ["kind", "created_at"],
        ["actor", "created_at"],
        ["currency", "minor"],
    ):
        op.create_index(f"transactions_{'_'.join(columns)}_idx", "transactions", columns)
    op.create_index(
        "transactions_operation_id_idx",
        "transactions",
        ["operation_id"],
        postgresql_where=sa.text("operation_id <> id"),
    )
    op.create_index(
        "transactions_reference_idx",
        "transactions",
        ["reference"],
        postgresql_where=sa.text("reference IS NOT NULL"),
    )
    op.create_index(
        "transactions_metadata_idx",
        "transactions",
        [sa.text("(metadata::jsonb) jsonb_path_ops")],
        postgresql_using="gin",
        postgresql_where=sa.text("metadata IS NOT NULL"),
    )
