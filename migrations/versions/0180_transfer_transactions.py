"""A transfer and its transaction are one row, of a table that both their tables show."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0180"
down_revision = "0193"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent / "sql"


def upgrade() -> None:
    """Rows that are there stay where they are; consumers of 0.1.0 see and change the new ones."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    _run("0180_currency_number.sql")
    op.create_table(
        "transfer_transactions",
        *_of_transfers(),
        *_of_transactions(),
        sa.PrimaryKeyConstraint("id", name=op.f("transfer_transactions_pkey")),
        postgresql_inherits=("transfers", "transactions"),
        comment="transfers that are transactions in the same row: both tables show them",
    )
    _run("0180_transfer_transactions.sql")


def downgrade() -> None:
    """Nothing is lost: each becomes the two rows that it was before."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    _run("0180_two_rows_again.sql")


def _of_transfers() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source_wallet_id", sa.BigInteger(), nullable=False),
        sa.Column("destination_wallet_id", sa.BigInteger(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("reversed_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reversal_of", sa.Uuid(), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )


def _of_transactions() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("operation_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("currency_number", sa.SmallInteger(), nullable=False),
        sa.Column("postings", sa.JSON(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("metadata", sa.JSON(), nullable=True),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reversed_by", sa.Uuid(), nullable=True),
    )


def _run(name: str) -> None:
    for statement in (_SQL / name).read_text(encoding="utf-8").split("\n-- next\n"):
        op.execute(statement)
