"""Table of the sessions of operators; the cookie is stored as its hash."""

from typing import Final

import sqlalchemy as sa

from payments.kernel.database import METADATA

operator_sessions: Final = sa.Table(
    "operator_sessions",
    METADATA,
    sa.Column("digest", sa.LargeBinary, primary_key=True, comment="SHA-256 of the cookie"),
    sa.Column(
        "operator_id", sa.BigInteger, sa.ForeignKey("operators.id"), nullable=False, index=True
    ),
    sa.Column("generation", sa.Integer, nullable=False, comment="of the operator, at login"),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("ended_at", sa.DateTime(timezone=True)),
    sa.Column(
        "is_complete",
        sa.Boolean,
        nullable=False,
        comment="the second factor was given, or is not asked for",
    ),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("browser", sa.Text, nullable=False),
)
sa.Index("operator_sessions_expires_at_idx", operator_sessions.c.expires_at)
