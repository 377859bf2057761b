"""Lines of registries: their own within a day, kept when a later registry differs; break history."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_WAS_ID, _ID = "the same when issued again", "its own within a provider and a day"
_WAS_RUN, _RUN = "the newest registry that had it", "the registry that first said this"


def upgrade() -> None:
    """Lines that are there are the ones that hold."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "breaks",
        sa.Column(
            "history",
            postgresql.JSONB(),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
            comment="what it said before, when facts changed or it was opened again; oldest first",
        ),
    )
    op.add_column(
        "registry_lines",
        sa.Column(
            "superseded_by",
            sa.Uuid(),
            nullable=True,
            comment="the registry that says otherwise, or, closed, lacks the line; null: it holds",
        ),
    )
    op.drop_constraint("registry_lines_pkey", "registry_lines", type_="primary")
    op.create_primary_key(
        "registry_lines_pkey", "registry_lines", ["provider", "date", "line_id", "run_id"]
    )
    op.create_index(
        "registry_lines_holding_key",
        "registry_lines",
        ["provider", "date", "line_id"],
        unique=True,
        postgresql_where=sa.text("superseded_by IS NULL"),
    )
    _comments(_ID, _RUN, _WAS_ID, _WAS_RUN)


def downgrade() -> None:
    """Keep what 0.1.0 would have: one line an id, the newest."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DELETE FROM registry_lines WHERE superseded_by IS NOT NULL")
    op.execute(
        "DELETE FROM registry_lines AS l USING registry_lines AS newer"
        " WHERE l.provider = newer.provider AND l.line_id = newer.line_id AND l.date < newer.date"
    )
    _comments(_WAS_ID, _WAS_RUN, _ID, _RUN)
    op.drop_index("registry_lines_holding_key", "registry_lines")
    op.drop_constraint("registry_lines_pkey", "registry_lines", type_="primary")
    op.create_primary_key("registry_lines_pkey", "registry_lines", ["provider", "line_id"])
    op.drop_column("registry_lines", "superseded_by")
    op.drop_column("breaks", "history")


def _comments(line_id: str, run_id: str, was_id: str, was_run: str) -> None:
    op.alter_column(
        "registry_lines",
        "line_id",
        existing_type=sa.Text(),
        existing_nullable=False,
        comment=line_id,
        existing_comment=was_id,
    )
    op.alter_column(
        "registry_lines",
        "run_id",
        existing_type=sa.Uuid(),
        existing_nullable=False,
        comment=run_id,
        existing_comment=was_run,
    )
