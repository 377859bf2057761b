"""Tables of reconciliation: registries as received, and their lines.

Both only grow: a line that a later registry of its day changes or lacks is marked as superseded.
"""

from typing import Final

import sqlalchemy as sa

from payments.kernel.database import METADATA

registry_runs: Final = sa.Table(
    "registry_runs",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("date", sa.Date, nullable=False),
    sa.Column("source", sa.Text, nullable=False, comment="fetched or uploaded"),
    sa.Column("is_closed", sa.Boolean, nullable=False, comment="no more lines will come"),
    sa.Column("digest", sa.LargeBinary, nullable=False, comment="SHA-256 of the file"),
    sa.Column("raw", sa.LargeBinary, nullable=False),
    sa.Column("line_count", sa.Integer, nullable=False),
    sa.Column("matched_count", sa.Integer, nullable=False),
    sa.Column("break_count", sa.Integer, nullable=False, comment="differences it shows"),
    sa.Column("new_break_count", sa.Integer, nullable=False, comment="those not known before"),
    sa.Column("loaded_by", sa.Text, nullable=False),
    sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("source IN ('fetched', 'uploaded')", name="source"),
)
sa.Index(
    "registry_runs_provider_date_idx",
    registry_runs.c.provider,
    registry_runs.c.date,
    registry_runs.c.loaded_at,
)

registry_lines: Final = sa.Table(
    "registry_lines",
    METADATA,
    sa.Column("provider", sa.Text, primary_key=True),
    sa.Column("date", sa.Date, primary_key=True),
    sa.Column("line_id", sa.Text, primary_key=True, comment="its own within a provider and a day"),
    sa.Column("transaction_id", sa.Text, nullable=False),
    sa.Column("merchant_id", sa.BigInteger, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("minor", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("operated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("run_id", sa.Uuid, primary_key=True, comment="the registry that first said this"),
    sa.Column(
        "superseded_by",
        sa.Uuid,
        comment="the registry that says otherwise, or, closed, lacks the line; null: it holds",
    ),
)
sa.Index(
    "registry_lines_holding_key",
    registry_lines.c.provider,
    registry_lines.c.date,
    registry_lines.c.line_id,
    unique=True,
    postgresql_where=sa.text("superseded_by IS NULL"),
)
