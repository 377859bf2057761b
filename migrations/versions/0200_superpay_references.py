"""Rows of the SuperPay integration refer to each other by foreign keys."""

from alembic import op

revision = "0200"
down_revision = "0195"
branch_labels = None
depends_on = None

_REFERENCES = (
    ("payouts", "wallet_id", "wallets"),
    ("payout_attempts", "payout_id", "payouts"),
    ("payout_evidence", "payout_id", "payouts"),
    ("deposits", "wallet_id", "wallets"),
    ("deposit_evidence", "deposit_id", "deposits"),
)


def upgrade() -> None:
    """Deferred: a batch writes its tables in the order of their names, a child before its parent.

    It may have stopped half-way before: the check of what is there has a transaction of its own,
    so that writers go on while it reads.
    """
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table, column, parent in _REFERENCES:
        name = f"{table}_{column}_fkey"
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
        op.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({column}) "
            f"REFERENCES {parent} (id) DEFERRABLE INITIALLY DEFERRED NOT VALID"
        )
    with op.get_context().autocommit_block():
        for table, column, _ in _REFERENCES:
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {table}_{column}_fkey")


def downgrade() -> None:
    """Only the checks go."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table, column, _ in _REFERENCES:
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_{column}_fkey")
