"""Indexes for the lists and the search box of the console."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_KNOWN = "provider_id IS NOT NULL"
_INDEXES = (
    ("payouts_state_created_at_idx", "payouts", ["state", "created_at", "id"], None),
    ("payouts_provider_id_idx", "payouts", ["provider_id"], _KNOWN),
    ("deposits_state_created_at_idx", "deposits", ["state", "created_at", "id"], None),
    ("deposits_provider_id_idx", "deposits", ["provider_id"], _KNOWN),
    (
        "organization_payments_document_number_idx",
        "organization_payments",
        ["document_number"],
        None,
    ),
    ("statement_lines_number_idx", "statement_lines", ["number"], None),
)


def upgrade() -> None:
    """Made beside writers; what an attempt that was broken off left behind is made again."""
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        for name, table, columns, where in _INDEXES:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.create_index(
                name,
                table,
                columns,
                postgresql_concurrently=True,
                postgresql_where=None if where is None else sa.text(where),
            )
        op.execute("SET lock_timeout = '3s'")


def downgrade() -> None:
    """Lists by state and looking up by an outside id read more."""
    for name, table, _, _ in _INDEXES:
        op.drop_index(name, table_name=table)
