"""Tables of operators. Logins are for ever: an operator is disabled, never deleted."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from payments.kernel.database import METADATA

operators: Final = sa.Table(
    "operators",
    METADATA,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("login", sa.Text, nullable=False, unique=True, comment="in lower case"),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("password_hash", sa.Text, comment="argon2id; none until a link was used"),
    sa.Column(
        "generation",
        sa.Integer,
        nullable=False,
        server_default="0",
        comment="sessions of an older generation are over",
    ),
    sa.Column("is_disabled", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column(
        "must_use_second_factor",
        sa.Boolean,
        nullable=False,
        server_default=sa.false(),
        comment="an administrator requires it",
    ),
    sa.Column("totp_sealed", sa.LargeBinary, comment="the encrypted secret; none: not enrolled"),
    sa.Column(
        "totp_step",
        sa.BigInteger,
        nullable=False,
        server_default="0",
        comment="the newest time step whose code was used: no code works twice",
    ),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("role IN ('viewer', 'operator', 'admin')", name="role"),
)

operator_links: Final = sa.Table(
    "operator_links",
    METADATA,
    sa.Column("digest", sa.LargeBinary, primary_key=True, comment="SHA-256 of 256 random bits"),
    sa.Column(
        "operator_id", sa.BigInteger, sa.ForeignKey("operators.id"), nullable=False, index=True
    ),
    sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("used_at", sa.DateTime(timezone=True)),
    comment="links to set a password, each good once",
)

operator_recovery_codes: Final = sa.Table(
    "operator_recovery_codes",
    METADATA,
    sa.Column(
        "operator_id",
        sa.BigInteger,
        sa.ForeignKey("operators.id"),
        primary_key=True,
        autoincrement=False,
    ),
    sa.Column("digest", sa.LargeBinary, primary_key=True),
    sa.Column("used_at", sa.DateTime(timezone=True)),
)

operator_actions: Final = sa.Table(
    "operator_actions",
    METADATA,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("login", sa.Text, nullable=False, comment="who; empty: the command line"),
    sa.Column("action", sa.Text, nullable=False, comment="what, `wallet.freeze`"),
    sa.Column("subject_kind", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Text, nullable=False),
    sa.Column("before", JSONB, nullable=False),
    sa.Column("after", JSONB, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False, comment="from where"),
    sa.Column("operation_id", sa.Uuid, comment="the operation that was submitted"),
    sa.Column("approval_id", sa.Uuid),
    comment="every action of every operator, written before it is done; append-only",
)
sa.Index("operator_actions_login_id_idx", operator_actions.c.login, operator_actions.c.id)
sa.Index("operator_actions_action_id_idx", operator_actions.c.action, operator_actions.c.id)
sa.Index(
    "operator_actions_subject_idx",
    operator_actions.c.subject_kind,
    operator_actions.c.subject_id,
    operator_actions.c.id,
)
