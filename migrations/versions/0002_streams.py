"""Who owns which partition and how far it is applied; which job ran when."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "job_runs",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("slot", sa.DateTime(timezone=True), nullable=False, comment="when it was due"),
        sa.Column("claimed_by", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "handled",
            sa.BigInteger(),
            nullable=True,
            comment="how many things it dealt with or found",
        ),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(finished_at IS NULL) = (handled IS NULL AND error IS NULL)",
            name=op.f("job_runs_end_check"),
        ),
        sa.PrimaryKeyConstraint("job", "slot", name=op.f("job_runs_pkey")),
        comment="one row a run: the primary key is what makes several schedulers safe",
    )
    op.create_table(
        "stream_consumers",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("stream_consumers_pkey")),
    )
    op.create_table(
        "stream_partitions",
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column(
            "halted_reason",
            sa.Text(),
            nullable=True,
            comment="set when Redis was found behind this row: nothing is accepted",
        ),
        sa.PrimaryKeyConstraint("partition", name=op.f("stream_partitions_pkey")),
        comment="one row a partition, fixed at first start; last_* is the newest applied entry",
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("stream_partitions")
    op.drop_table("stream_consumers")
    op.drop_table("job_runs")
