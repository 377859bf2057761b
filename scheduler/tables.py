"""Tables of the scheduler."""

from typing import Final

import sqlalchemy as sa

from payments.kernel.database import METADATA

job_runs: Final = sa.Table(
    "job_runs",
    METADATA,
    sa.Column("job", sa.Text, primary_key=True),
    sa.Column("slot", sa.DateTime(timezone=True), primary_key=True, comment="when it was due"),
    sa.Column("claimed_by", sa.Text, nullable=False),
    sa.Column(
        "started_at", sa.DateTime(timezone=True), nullable=False, comment="by the database's clock"
    ),
    sa.Column("finished_at", sa.DateTime(timezone=True)),
    sa.Column("handled", sa.BigInteger, comment="how many things it dealt with or found"),
    sa.Column("error", sa.Text),
    sa.CheckConstraint("(finished_at IS NULL) = (handled IS NULL AND error IS NULL)", name="end"),
    comment="one row a run: the primary key is what makes several schedulers safe",
)

scheduler_beats: Final = sa.Table(
    "scheduler_beats",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column(
        "seen_at", sa.DateTime(timezone=True), nullable=False, comment="by the database's clock"
    ),
    comment="who schedules, and when it was last heard of: others notice a silent scheduler by it",
)
