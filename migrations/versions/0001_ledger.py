"""Operations and the ledger: the heart."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent / "sql"


def upgrade() -> None:
    """Make the tables."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "accounts",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("book", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("guard", sa.SmallInteger(), nullable=False),
        sa.Column("is_frozen", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("debits_posted", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("credits_posted", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("debits_pending", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("credits_pending", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column(
            "version",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="how many entries it has",
        ),
        sa.Column(
            "last_entry_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="time of the newest entry: never goes back",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "debits_posted >= 0 AND credits_posted >= 0 AND debits_pending >= 0 AND credits_pending >= 0",
            name=op.f("accounts_counters_check"),
        ),
        sa.CheckConstraint(
            "guard <> 1 OR credits_posted - debits_posted - debits_pending >= 0",
            name=op.f("accounts_credit_guard_check"),
        ),
        sa.CheckConstraint(
            "guard <> 2 OR debits_posted - credits_posted - credits_pending >= 0",
            name=op.f("accounts_debit_guard_check"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("accounts_pkey")),
        sa.UniqueConstraint("code", name=op.f("accounts_code_key")),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False, comment="intents or effects"),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("stream_id", sa.Text(), nullable=False),
        sa.Column("operation_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), server_default="parked", nullable=False),
        sa.Column("parked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('parked', 'retried', 'discarded')", name=op.f("dead_letters_state_check")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("dead_letters_pkey")),
        sa.UniqueConstraint(
            "stream",
            "partition",
            "stream_id",
            name=op.f("dead_letters_stream_partition_stream_id_key"),
        ),
    )
    op.create_index(
        op.f("dead_letters_operation_id_idx"), "dead_letters", ["operation_id"], unique=False
    )
    op.create_table(
        "entries",
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "seq",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="1, 2, 3 … within the account",
        ),
        sa.Column(
            "amount", sa.BigInteger(), nullable=False, comment="minor units, credit positive"
        ),
        sa.Column(
            "balance",
            sa.BigInteger(),
            nullable=False,
            comment="credits minus debits after this entry",
        ),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("operation_id", sa.Uuid(), nullable=False),
        sa.Column("book", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.SmallInteger(), nullable=False, comment="ISO 4217 number"),
        sa.CheckConstraint("amount <> 0", name=op.f("entries_amount_check")),
        sa.PrimaryKeyConstraint("account_id", "seq", name=op.f("entries_pkey")),
    )
    op.create_index(
        "entries_recorded_at_brin",
        "entries",
        ["recorded_at"],
        unique=False,
        postgresql_using="brin",
    )
    op.create_table(
        "operation_conflicts",
        sa.Column("operation_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("operation_id", "digest", name=op.f("operation_conflicts_pkey")),
        comment="other content that came under a known operation id: recorded, never applied",
    )
    op.create_table(
        "operations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("effects", sa.JSON(), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(status = 'rejected') = (reason IS NOT NULL)", name=op.f("operations_reason_check")
        ),
        sa.CheckConstraint(
            "status IN ('applied', 'rejected')", name=op.f("operations_status_check")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("operations_pkey")),
    )
    # What SQLAlchemy cannot say: append-only entries that balance.
    append_only = (_SQL / "0001_append_only.sql").read_text(encoding="utf-8")
    for statement in append_only.split("\n-- next\n"):
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    op.drop_table("operations")
    op.drop_table("operation_conflicts")
    op.drop_table("entries")
    op.drop_table("dead_letters")
    op.drop_table("accounts")
    op.execute("DROP FUNCTION refuse_change(), check_entries_balance()")
