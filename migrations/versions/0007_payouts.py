"""Payouts, their attempts and evidence; what SuperPay sent; its switch."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(sa.schema.CreateSequence(sa.Sequence("merchant_numbers", start=1000001)))
    op.create_table(
        "payout_attempts",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("payout_id", sa.Uuid(), nullable=False),
        sa.Column(
            "claim_id", sa.Uuid(), nullable=False, comment="the payout.submit that last claimed it"
        ),
        sa.Column("sends", sa.Integer(), nullable=False, comment="claims; each sends at most once"),
        sa.Column("is_live", sa.Boolean(), nullable=False),
        sa.Column(
            "is_doubtful", sa.Boolean(), nullable=False, comment="a send had no clear answer"
        ),
        sa.Column("first_sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "not_found_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="the newest 404 to a query",
        ),
        sa.CheckConstraint("sends > 0", name=op.f("payout_attempts_sends_check")),
        sa.PrimaryKeyConstraint("merchant_id", name=op.f("payout_attempts_pkey")),
    )
    op.create_index(
        "payout_attempts_live_key",
        "payout_attempts",
        ["payout_id"],
        unique=True,
        postgresql_where=sa.text("is_live"),
    )
    op.create_table(
        "payout_evidence",
        sa.Column("id", sa.Uuid(), nullable=False, comment="the operation that stored it"),
        sa.Column("payout_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="1, 2, 3 … within the payout"),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("claim", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("state_before", sa.Text(), nullable=True),
        sa.Column("state_after", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.Column("callback_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("payout_evidence_pkey")),
        sa.UniqueConstraint(
            "payout_id", "number", name=op.f("payout_evidence_payout_id_number_key")
        ),
    )
    op.create_table(
        "payouts",
        sa.Column(
            "id", sa.Uuid(), nullable=False, comment="the operation that made it; its hold's id"
        ),
        sa.Column("merchant_id", sa.BigInteger(), nullable=False),
        sa.Column("wallet_id", sa.BigInteger(), nullable=False),
        sa.Column("superpay_wallet_id", sa.Text(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "reason",
            sa.Text(),
            nullable=True,
            comment="a code: why it failed, or what made it doubtful",
        ),
        sa.Column("version", sa.Integer(), nullable=False, comment="pieces of evidence so far"),
        sa.Column("provider_id", sa.Text(), nullable=True, comment="SuperPay's transaction_id"),
        sa.Column("provider_version", sa.BigInteger(), nullable=False),
        sa.Column(
            "checks", sa.Integer(), nullable=False, comment="checks since the state was entered"
        ),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "proposal",
            postgresql.JSONB(),
            nullable=True,
            comment="a resolution that waits for a second person",
        ),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state IN ('accepted', 'held', 'needs_operator', 'submitting', 'unknown')) = (ended_at IS NULL)",
            name=op.f("payouts_ended_check"),
        ),
        sa.CheckConstraint(
            "state IN ('held', 'submitting', 'unknown', 'accepted', 'paid', 'reversed', 'failed', 'canceled', 'needs_operator')",
            name=op.f("payouts_state_check"),
        ),
        sa.CheckConstraint("minor > 0", name=op.f("payouts_minor_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("payouts_pkey")),
        sa.UniqueConstraint("merchant_id", name=op.f("payouts_merchant_id_key")),
    )
    op.create_index("payouts_created_at_id_idx", "payouts", ["created_at", "id"], unique=False)
    op.create_index("payouts_wallet_id_idx", "payouts", ["wallet_id", "created_at"], unique=False)
    op.create_index(
        "payouts_watched_checked_at_idx",
        "payouts",
        ["checked_at"],
        unique=False,
        postgresql_where=sa.text(
            "state IN ('accepted', 'held', 'needs_operator', 'submitting', 'unknown')"
        ),
    )
    op.create_table(
        "provider_callbacks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False, comment="the body, byte for byte"),
        sa.Column("headers", postgresql.JSONB(), nullable=False),
        sa.Column("merchant_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "verdict",
            sa.Text(),
            nullable=True,
            comment="applied, confirmed, stale, conflict, … or why not",
        ),
        sa.Column("matches", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_match_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state IN ('received', 'unmatched')) = (next_match_at IS NOT NULL)",
            name=op.f("provider_callbacks_waiting_check"),
        ),
        sa.CheckConstraint(
            "state IN ('received', 'done', 'unmatched', 'operator')",
            name=op.f("provider_callbacks_state_check"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("provider_callbacks_pkey")),
        sa.UniqueConstraint(
            "provider", "event_id", name=op.f("provider_callbacks_provider_event_id_key")
        ),
    )
    op.create_index(
        "provider_callbacks_next_match_at_idx",
        "provider_callbacks",
        ["next_match_at"],
        unique=False,
        postgresql_where=sa.text("next_match_at IS NOT NULL"),
    )
    op.create_table(
        "provider_switches",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("is_paused", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("provider", name=op.f("provider_switches_pkey")),
        comment="while paused nothing new is sent to the provider; asking it goes on",
    )
    op.create_table(
        "rejected_callbacks",
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="SHA-256 of the body"),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("rejected_callbacks_pkey")),
        comment="callbacks whose signature did not hold: never their content",
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("rejected_callbacks")
    op.drop_table("provider_switches")
    op.drop_table("provider_callbacks")
    op.drop_table("payouts")
    op.drop_table("payout_evidence")
    op.drop_table("payout_attempts")
    op.execute(sa.schema.DropSequence(sa.Sequence("merchant_numbers")))
