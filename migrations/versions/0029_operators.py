"""Operators of the console: sessions, second factor, what they did, what waits for a second person."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent / "sql" / "0029_append_only.sql"


def upgrade() -> None:
    """New tables only; nobody may log in until `payments operators create`."""
    op.create_table(
        "operators",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("login", sa.Text(), nullable=False, comment="in lower case"),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column(
            "password_hash",
            sa.Text(),
            nullable=True,
            comment="argon2id; none until a link was used",
        ),
        sa.Column(
            "generation",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="sessions of an older generation are over",
        ),
        sa.Column("is_disabled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "must_use_second_factor",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="an administrator requires it",
        ),
        sa.Column(
            "totp_sealed",
            sa.LargeBinary(),
            nullable=True,
            comment="the encrypted secret; none: not enrolled",
        ),
        sa.Column(
            "totp_step",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="the newest time step whose code was used: no code works twice",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "role IN ('viewer', 'operator', 'admin')", name=op.f("operators_role_check")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("operators_pkey")),
        sa.UniqueConstraint("login", name=op.f("operators_login_key")),
    )
    op.create_table(
        "operator_links",
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="SHA-256 of 256 random bits"),
        sa.Column("operator_id", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["operators.id"], name=op.f("operator_links_operator_id_fkey")
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("operator_links_pkey")),
        comment="links to set a password, each good once",
    )
    op.create_index(
        op.f("operator_links_operator_id_idx"), "operator_links", ["operator_id"], unique=False
    )
    op.create_table(
        "operator_recovery_codes",
        sa.Column("operator_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["operators.id"], name=op.f("operator_recovery_codes_operator_id_fkey")
        ),
        sa.PrimaryKeyConstraint("operator_id", "digest", name=op.f("operator_recovery_codes_pkey")),
    )
    op.create_table(
        "operator_sessions",
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="SHA-256 of the cookie"),
        sa.Column("operator_id", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False, comment="of the operator, at login"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "is_complete",
            sa.Boolean(),
            nullable=False,
            comment="the second factor was given, or is not asked for",
        ),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("browser", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["operators.id"], name=op.f("operator_sessions_operator_id_fkey")
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("operator_sessions_pkey")),
    )
    op.create_index(
        "operator_sessions_expires_at_idx", "operator_sessions", ["expires_at"], unique=False
    )
    op.create_index(
        op.f("operator_sessions_operator_id_idx"),
        "operator_sessions",
        ["operator_id"],
        unique=False,
    )
    op.create_table(
        "operator_actions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("login", sa.Text(), nullable=False, comment="who; empty: the command line"),
        sa.Column("action", sa.Text(), nullable=False, comment="what, `wallet.freeze`"),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False, comment="from where"),
        sa.Column(
            "operation_id", sa.Uuid(), nullable=True, comment="the operation that was submitted"
        ),
        sa.Column("approval_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("operator_actions_pkey")),
        comment="every action of every operator, written before it is done; append-only",
    )
    op.create_index(
        "operator_actions_action_id_idx", "operator_actions", ["action", "id"], unique=False
    )
    op.create_index(
        "operator_actions_login_id_idx", "operator_actions", ["login", "id"], unique=False
    )
    op.create_index(
        "operator_actions_subject_idx",
        "operator_actions",
        ["subject_kind", "subject_id", "id"],
        unique=False,
    )
    op.create_table(
        "approvals",
        sa.Column("id", sa.Uuid(), nullable=False, comment="also the operation's id"),
        sa.Column("kind", sa.Text(), nullable=False, comment="of the operation"),
        sa.Column("intent", sa.JSON(), nullable=False, comment="as it will be submitted"),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column(
            "shown",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="what the approver reads: before and after",
        ),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False, comment="login"),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_reason", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "(state = 'waiting') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)",
            name=op.f("approvals_decided_check"),
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'approved', 'rejected', 'withdrawn')",
            name=op.f("approvals_state_check"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('approved', 'rejected') OR decided_by <> requested_by",
            name=op.f("approvals_two_persons_check"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("approvals_pkey")),
        comment="actions that wait for a second person, and what became of them",
    )
    op.create_index("approvals_requested_at_idx", "approvals", ["requested_at", "id"], unique=False)
    op.create_index(
        "approvals_waiting_idx",
        "approvals",
        ["requested_at"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "approvals_waiting_subject_key",
        "approvals",
        ["kind", "subject_kind", "subject_id"],
        unique=True,
        postgresql_where=sa.text("state = 'waiting'"),
    )

    op.create_index(
        "dead_letters_parked_idx",
        "dead_letters",
        ["id"],
        postgresql_where=sa.text("state = 'parked'"),
    )
    op.execute(_SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    op.drop_index("dead_letters_parked_idx", table_name="dead_letters")
    for table in (
        "approvals",
        "operator_actions",
        "operator_sessions",
        "operator_recovery_codes",
        "operator_links",
        "operators",
    ):
        op.drop_table(table)
