"""Deposits and their evidence; reconciliation with SuperPay."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "breaks",
        sa.Column(
            "id", sa.Uuid(), nullable=False, comment="derived from provider, kind and reference"
        ),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("merchant_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "subject_id",
            sa.Uuid(),
            nullable=True,
            comment="the payout or deposit, when there is one",
        ),
        sa.Column("at_risk_minor", sa.BigInteger(), nullable=False, comment="money at risk"),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column(
            "details", postgresql.JSONB(), nullable=False, comment="ours and theirs, side by side"
        ),
        sa.Column("found_by", sa.Text(), nullable=False, comment="the evidence or registry run"),
        sa.Column("assignee", sa.Text(), nullable=True),
        sa.Column(
            "proposal",
            postgresql.JSONB(),
            nullable=True,
            comment="a resolution that waits for a second person",
        ),
        sa.Column("resolution", postgresql.JSONB(), nullable=True),
        sa.Column("resolved_by", sa.Text(), nullable=True),
        sa.Column(
            "resolution_id", sa.Uuid(), nullable=True, comment="the operation that resolved it"
        ),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'resolved') = (resolved_at IS NOT NULL)", name=op.f("breaks_resolved_check")
        ),
        sa.CheckConstraint(
            "state IN ('open', 'assigned', 'resolved')", name=op.f("breaks_state_check")
        ),
        sa.CheckConstraint("at_risk_minor >= 0", name=op.f("breaks_at_risk_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("breaks_pkey")),
    )
    op.create_index(
        "breaks_unresolved_opened_at_idx",
        "breaks",
        ["opened_at"],
        unique=False,
        postgresql_where=sa.text("state <> 'resolved'"),
    )
    op.create_table(
        "deposit_evidence",
        sa.Column("id", sa.Uuid(), nullable=False, comment="the operation that stored it"),
        sa.Column("deposit_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="1, 2, 3 … within the deposit"),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("state_before", sa.Text(), nullable=True),
        sa.Column("state_after", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.Column("callback_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("deposit_evidence_pkey")),
        sa.UniqueConstraint(
            "deposit_id", "number", name=op.f("deposit_evidence_deposit_id_number_key")
        ),
    )
    op.create_table(
        "deposits",
        sa.Column("id", sa.Uuid(), nullable=False, comment="the operation that made it"),
        sa.Column("merchant_id", sa.BigInteger(), nullable=False),
        sa.Column("wallet_id", sa.BigInteger(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False, comment="asked for"),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("success_url", sa.Text(), nullable=False),
        sa.Column("failure_url", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("redirect_url", sa.Text(), nullable=True, comment="where the payer goes"),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "paid_minor", sa.BigInteger(), nullable=True, comment="what arrived, in paid_currency"
        ),
        sa.Column("paid_currency", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False, comment="pieces of evidence so far"),
        sa.Column("provider_id", sa.Text(), nullable=True, comment="SuperPay's transaction_id"),
        sa.Column("provider_version", sa.BigInteger(), nullable=False),
        sa.Column("checks", sa.Integer(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(state IN ('credited', 'currency_mismatch', 'in_suspense', 'overpaid', 'paid_late', 'underpaid')) = (paid_minor IS NOT NULL)",
            name=op.f("deposits_paid_check"),
        ),
        sa.CheckConstraint(
            "state IN ('created', 'credited', 'currency_mismatch', 'expired', 'failed', 'in_suspense', 'overpaid', 'paid_late', 'pending', 'underpaid')",
            name=op.f("deposits_state_check"),
        ),
        sa.CheckConstraint(
            "(paid_minor IS NULL) = (paid_currency IS NULL)",
            name=op.f("deposits_paid_currency_check"),
        ),
        sa.CheckConstraint(
            "minor > 0 AND (paid_minor IS NULL OR paid_minor > 0)",
            name=op.f("deposits_minor_check"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("deposits_pkey")),
        sa.UniqueConstraint("merchant_id", name=op.f("deposits_merchant_id_key")),
    )
    op.create_index("deposits_created_at_id_idx", "deposits", ["created_at", "id"], unique=False)
    op.create_index(
        "deposits_open_checked_at_idx",
        "deposits",
        ["checked_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('created', 'expired', 'pending')"),
    )
    op.create_table(
        "registry_lines",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("line_id", sa.Text(), nullable=False, comment="the same when issued again"),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("transaction_id", sa.Text(), nullable=False),
        sa.Column("merchant_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("operated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False, comment="the newest registry that had it"),
        sa.PrimaryKeyConstraint("provider", "line_id", name=op.f("registry_lines_pkey")),
    )
    op.create_index(
        op.f("registry_lines_merchant_id_idx"), "registry_lines", ["merchant_id"], unique=False
    )
    op.create_table(
        "registry_runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False, comment="fetched or uploaded"),
        sa.Column("is_closed", sa.Boolean(), nullable=False, comment="no more lines will come"),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="SHA-256 of the file"),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("matched_count", sa.Integer(), nullable=False),
        sa.Column("break_count", sa.Integer(), nullable=False, comment="differences it shows"),
        sa.Column(
            "new_break_count", sa.Integer(), nullable=False, comment="those not known before"
        ),
        sa.Column("loaded_by", sa.Text(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "source IN ('fetched', 'uploaded')", name=op.f("registry_runs_source_check")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("registry_runs_pkey")),
    )
    op.create_index(
        "registry_runs_provider_date_idx",
        "registry_runs",
        ["provider", "date", "loaded_at"],
        unique=False,
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("registry_runs")
    op.drop_table("registry_lines")
    op.drop_table("deposits")
    op.drop_table("deposit_evidence")
    op.drop_table("breaks")
