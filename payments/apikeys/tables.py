"""Tables of API keys: the secret itself is nowhere."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from payments.kernel.database import METADATA

api_keys: Final = sa.Table(
    "api_keys",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True, comment="the public part of the key"),
    sa.Column("name", sa.Text, nullable=False, comment="for people: which client it was made for"),
    sa.Column("scopes", ARRAY(sa.Text), nullable=False),
    sa.Column(
        "secret_hash",
        sa.LargeBinary,
        nullable=False,
        comment="SHA-256: the secret has 256 random bits, so no salt",
    ),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("revoked_at", sa.DateTime(timezone=True)),
    sa.CheckConstraint("octet_length(secret_hash) = 32", name="secret_hash"),
)
