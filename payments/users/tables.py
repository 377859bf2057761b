"""Tables of users, activation tokens and attempts; passwords and tokens are stored as hashes."""

from typing import Final

import sqlalchemy as sa

from payments.kernel.database import METADATA

LOGIN_MAX: Final = 100

users: Final = sa.Table(
    "users",
    METADATA,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("login", sa.Text, nullable=False, comment="as it was given"),
    sa.Column(
        "login_key", sa.Text, nullable=False, unique=True, comment="the login, folded: Bob is bob"
    ),
    sa.Column("password_hash", sa.Text, nullable=False, comment="argon2id"),
    sa.Column("is_active", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("is_admin", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column(
        "generation",
        sa.Integer,
        nullable=False,
        server_default="0",
        comment="access tokens of an older generation are void",
    ),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
)

activation_tokens: Final = sa.Table(
    "activation_tokens",
    METADATA,
    sa.Column("digest", sa.LargeBinary, primary_key=True, comment="SHA-256 of 256 random bits"),
    sa.Column("user_id", sa.BigInteger, sa.ForeignKey("users.id"), nullable=False, index=True),
    sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("used_at", sa.DateTime(timezone=True)),
    sa.CheckConstraint("octet_length(digest) = 32", name="digest"),
)

attempt_windows: Final = sa.Table(
    "attempt_windows",
    METADATA,
    # The time is the first column, so that old windows are deleted as one range.
    sa.Column("started_at", sa.DateTime(timezone=True), primary_key=True),
    sa.Column("subject", sa.Text, primary_key=True, comment="digest of a login or an address"),
    sa.Column("attempts", sa.Integer, nullable=False),
)
