"""Tables of API keys and of the clients they belong to. Secrets are stored only as hashes."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from payments.kernel.database import METADATA

api_clients: Final = sa.Table(
    "api_clients",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True, comment="the name of its keys"),
    sa.Column(
        "actor",
        sa.Text,
        nullable=False,
        unique=True,
        comment="who asked, in every operation; never changes: operation ids are derived from it",
    ),
)

api_keys: Final = sa.Table(
    "api_keys",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True, comment="the public part of the key"),
    sa.Column(
        "name",
        sa.Text,
        sa.ForeignKey("api_clients.name"),
        nullable=False,
        comment="the client it was made for",
    ),
    sa.Column("scopes", ARRAY(sa.Text), nullable=False),
    sa.Column(
        "secret_hash",
        sa.LargeBinary,
        nullable=False,
        comment="SHA-256: the secret has 256 random bits, so no salt",
    ),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("revoked_at", sa.DateTime(timezone=True)),
    sa.Column(
        "was_caller",
        sa.Boolean,
        nullable=False,
        server_default=sa.true(),
        comment="made by 0.1.0, where the key itself was the caller: key:<id> in its operations",
    ),
    sa.CheckConstraint("octet_length(secret_hash) = 32", name="secret_hash"),
)
