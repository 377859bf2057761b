"""How many lines of a statement are in which state is a stored fact; lines are listed by state."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0190"
down_revision = "0200"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent / "sql" / "0190_statement_tallies.sql"
_LINES = "statement_lines"
_INDEX = "statement_lines_statement_id_shown_state_id_idx"
_SHOWN = "CASE WHEN is_met THEN 'matched' ELSE state END"


def upgrade() -> None:
    """0.1.0 knows no statements."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "statement_tallies",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False, comment="a state of its lines, or break"),
        sa.Column("delta", sa.BigInteger(), nullable=False, comment="so many more, or fewer"),
        sa.PrimaryKeyConstraint("id", name=op.f("statement_tallies_pkey")),
        comment="changes of the numbers of lines by state and of their open breaks, to be added up",
    )
    op.create_index("statement_tallies_statement_id_idx", "statement_tallies", ["statement_id"])
    op.add_column(
        _LINES,
        sa.Column(
            "is_met",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="its payment has a webhook or an owner since",
        ),
    )
    op.execute(
        "UPDATE statement_lines AS l SET is_met = true FROM organization_payments AS p "
        "WHERE p.id = l.id AND (p.webhook_id IS NOT NULL OR p.matched_at IS NOT NULL)"
    )
    op.add_column(
        _LINES,
        sa.Column(
            "shown_state",
            sa.Text(),
            sa.Computed(_SHOWN, persisted=True),
            nullable=False,
            comment="what a person is shown",
        ),
    )
    op.create_index(_INDEX, _LINES, ["statement_id", "shown_state", "id"])
    for statement in _SQL.read_text(encoding="utf-8").split("\n-- next\n"):
        op.execute(statement)


def downgrade() -> None:
    """States are counted again by whoever asks."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table, trigger in (
        ("breaks", "breaks_tally"),
        ("breaks", "breaks_added"),
        ("organization_payments", "organization_payments_met"),
        ("organization_payments", "organization_payments_added"),
        (_LINES, "statement_lines_tally"),
    ):
        op.execute(f"DROP TRIGGER {trigger} ON {table}")
    for function in ("breaks_tally()", "organization_payments_met()", "statement_lines_tally()"):
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP FUNCTION line_of_break(text, jsonb)")
    op.drop_index(_INDEX, _LINES)
    op.drop_column(_LINES, "shown_state")
    op.drop_column(_LINES, "is_met")
    op.drop_table("statement_tallies")
