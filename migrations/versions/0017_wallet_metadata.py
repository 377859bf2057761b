"""A wallet's metadata is json: jsonb sorts members and rewrites numbers, json keeps what was sent."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep the text from now on; what is there stays as jsonb wrote it."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.alter_column(
        "wallets",
        "metadata",
        type_=sa.JSON(),
        existing_type=postgresql.JSONB(),
        existing_nullable=False,
        postgresql_using="metadata::json",
    )


def downgrade() -> None:
    """Back to jsonb."""
    op.alter_column(
        "wallets",
        "metadata",
        type_=postgresql.JSONB(),
        existing_type=sa.JSON(),
        existing_nullable=False,
        postgresql_using="metadata::jsonb",
    )
