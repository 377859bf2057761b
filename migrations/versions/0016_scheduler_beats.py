"""A scheduler says that it lives: others notice when it is silent. Claims carry the server's time."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_NOW = "by the database's clock"


def upgrade() -> None:
    """Make the table, say whose clock claims carry."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "scheduler_beats",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False, comment=_NOW),
        sa.PrimaryKeyConstraint("name", name=op.f("scheduler_beats_pkey")),
        comment="who schedules, and when it was last heard of: others notice a silent scheduler by it",
    )
    _comment(_NOW, None)


def downgrade() -> None:
    """Nobody notices."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("scheduler_beats")
    _comment(None, _NOW)


def _comment(text: str | None, before: str | None) -> None:
    op.alter_column(
        "job_runs",
        "started_at",
        existing_type=sa.DateTime(timezone=True),
        existing_nullable=False,
        comment=text,
        existing_comment=before,
    )
