"""Overdraft limits, freezing one way, and what transactions said before they were changed."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent / "sql" / "0022_append_only.sql"
_POSITION = "guard <> 1 OR credits_posted - debits_posted - debits_pending"
_WAYS = "'open', 'frozen', 'frozen_debits', 'frozen_credits', 'closed'"
_STATUS_BEFORE = "open, frozen or closed: whether money may go in and out"
_STATUS_NOW = "open, frozen (one way or both) or closed: whether money may go in and out"


def upgrade() -> None:
    """No account is overdrawn yet, so every limit is zero."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name, comment in (
        ("overdraft_limit", "how far below zero a guarded account may go, minor units"),
        ("forced_debt", "how far below that it was taken by force, and is not made good yet"),
    ):
        op.add_column(
            "accounts",
            sa.Column(
                name, sa.BigInteger(), server_default="0", nullable=False, comment=comment
            ),
        )
    _status(_WAYS, _STATUS_NOW, _STATUS_BEFORE)
    op.create_check_constraint(
        op.f("accounts_limits_check"), "accounts", "overdraft_limit >= 0 AND forced_debt >= 0"
    )
    _guard(f"{_POSITION} >= -(overdraft_limit + forced_debt)")
    op.add_column("wallets", sa.Column("freeze_reason", sa.Text(), nullable=True))
    op.create_index("wallets_currency_id_idx", "wallets", ["currency", "id"])
    op.create_index(
        "wallets_metadata_idx",
        "wallets",
        [sa.text("(metadata::jsonb) jsonb_path_ops")],
        postgresql_using="gin",
    )
    op.create_table(
        "transaction_changes",
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column(
            "change", sa.Integer(), autoincrement=False, nullable=False, comment="1, 2, 3 …"
        ),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("metadata_before", sa.JSON(), nullable=False),
        sa.Column("metadata_after", sa.JSON(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("transaction_id", "change", name=op.f("transaction_changes_pkey")),
        comment="changes of the metadata of transactions",
    )
    for statement in _SQL.read_text(encoding="utf-8").split("\n-- next\n"):
        op.execute(statement)


def downgrade() -> None:
    """An account below zero cannot go back: the constraint says so."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("transaction_changes")
    op.execute("DROP TRIGGER transactions_not_deleted ON transactions")
    op.execute("DROP TRIGGER transactions_kept ON transactions")
    op.execute("DROP FUNCTION keep_transaction()")
    op.drop_index("wallets_metadata_idx", "wallets")
    op.drop_index("wallets_currency_id_idx", "wallets")
    op.drop_column("wallets", "freeze_reason")
    op.execute("UPDATE accounts SET status = 'frozen' WHERE status LIKE 'frozen_%'")
    _status("'open', 'frozen', 'closed'", _STATUS_BEFORE, _STATUS_NOW)
    _guard(f"{_POSITION} >= 0")
    op.drop_constraint(op.f("accounts_limits_check"), "accounts")
    op.drop_column("accounts", "forced_debt")
    op.drop_column("accounts", "overdraft_limit")


def _status(words: str, comment: str, before: str) -> None:
    op.drop_constraint(op.f("accounts_status_check"), "accounts")
    op.create_check_constraint(op.f("accounts_status_check"), "accounts", f"status IN ({words})")
    op.alter_column(
        "accounts",
        "status",
        existing_type=sa.Text(),
        existing_nullable=False,
        existing_server_default="open",
        comment=comment,
        existing_comment=before,
    )


def _guard(condition: str) -> None:
    op.drop_constraint(op.f("accounts_credit_guard_check"), "accounts")
    op.create_check_constraint(op.f("accounts_credit_guard_check"), "accounts", condition)
