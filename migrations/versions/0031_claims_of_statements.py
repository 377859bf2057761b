"""Claims: which lines of a bank pay which settlement files, payouts and payments."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_PAYMENTS = "organization_payments"
_SORTS = "'line', 'settlement', 'payout', 'payment'"


def upgrade() -> None:
    """0.1.0 goes on: it knows none of the tables, and writes no payment as settled."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    for column in (
        sa.Column(
            "payer_inn",
            sa.Text(),
            nullable=False,
            server_default="",
            comment="who pays out what its settlement files say; empty: nobody known",
        ),
        sa.Column(
            "drift_minor",
            sa.BigInteger(),
            nullable=False,
            server_default="0",
            comment="how much that payment may differ",
        ),
        sa.Column(
            "statement_within_days",
            sa.Integer(),
            nullable=False,
            server_default="3",
            comment="a statement is late when its newest day is older",
        ),
    ):
        op.add_column("statement_accounts", column)
    op.add_column(
        "statements",
        sa.Column(
            "new_net_minor",
            sa.BigInteger(),
            comment="lines no earlier file had, less their fees; null: it has balances",
        ),
    )
    op.create_index(
        "statement_lines_theirs_only_inn_idx",
        "statement_lines",
        ["inn"],
        postgresql_where=sa.text("state = 'theirs_only'"),
    )
    op.create_table(
        "statement_claims",
        sa.Column(
            "item_id",
            sa.Uuid(),
            nullable=False,
            comment="a line, file, payout or payment: each once",
        ),
        sa.Column(
            "claim_id", sa.Uuid(), nullable=False, comment="the operation that claimed it"
        ),
        sa.Column("sort", sa.Text(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("claimed_by", sa.Text(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("item_id", name=op.f("statement_claims_pkey")),
        sa.CheckConstraint(f"sort IN ({_SORTS})", name=op.f("statement_claims_sort_check")),
        comment="which lines of a bank pay which things of ours, many to many",
    )
    op.create_index("statement_claims_claim_id_idx", "statement_claims", ["claim_id"])
    _checks(
        "'credited', 'unmatched', 'reversed', 'settled'",
        "status = 'reversed' OR (status = 'credited') = (organization_id IS NOT NULL)",
    )


def downgrade() -> None:
    """Forget the claims; the money that they moved stays where it is."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    _checks(
        "'credited', 'unmatched', 'reversed'",
        "status = 'reversed' OR (status = 'unmatched') = (organization_id IS NULL)",
    )
    op.drop_table("statement_claims")
    op.drop_index("statement_lines_theirs_only_inn_idx", "statement_lines")
    op.drop_column("statements", "new_net_minor")
    for name in ("statement_within_days", "drift_minor", "payer_inn"):
        op.drop_column("statement_accounts", name)


def _checks(statuses: str, owner: str) -> None:
    for name, condition in (("status", f"status IN ({statuses})"), ("owner", owner)):
        constraint = op.f(f"{_PAYMENTS}_{name}_check")
        op.drop_constraint(constraint, _PAYMENTS)
        op.create_check_constraint(constraint, _PAYMENTS, condition)
