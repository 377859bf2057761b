"""Bank payments that were returned, and transfers of organizations to wallets."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_PAYMENTS, _CHANGES = "organization_payments", "organization_balance_changes"


def upgrade() -> None:
    """0.1.0 goes on: it writes neither returns nor transfers, and the columns may be null."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        _PAYMENTS,
        sa.Column(
            "reversal", JSONB(), comment="why and by whom it was returned, whose money paid it"
        ),
    )
    op.add_column(_PAYMENTS, sa.Column("reversed_at", sa.DateTime(timezone=True)))
    _checks(
        {
            "status": "status IN ('credited', 'unmatched', 'reversed')",
            "owner": "status = 'reversed' OR (status = 'unmatched') = (organization_id IS NULL)",
        }
    )
    _add(_PAYMENTS, "reversed", "(status = 'reversed') = (reversed_at IS NOT NULL)")
    op.alter_column(
        _CHANGES, "payment_id", nullable=True, comment="null: a transfer to a wallet"
    )
    op.add_column(
        _CHANGES, sa.Column("wallet_id", sa.BigInteger(), comment="where a transfer went")
    )
    op.create_index("statement_lines_account_minor_idx", "statement_lines", ["account", "minor"])
    _add(_CHANGES, "cause", "(payment_id IS NULL) = (wallet_id IS NOT NULL)")


def downgrade() -> None:
    """Returned payments and transfers keep this from going back: 0.1.0 has no word for them."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("statement_lines_account_minor_idx", "statement_lines")
    op.drop_constraint(op.f(f"{_CHANGES}_cause_check"), _CHANGES)
    op.drop_column(_CHANGES, "wallet_id")
    op.alter_column(_CHANGES, "payment_id", nullable=False, comment=None)
    op.drop_constraint(op.f(f"{_PAYMENTS}_reversed_check"), _PAYMENTS)
    _checks(
        {
            "status": "status IN ('credited', 'unmatched')",
            "owner": "(status = 'unmatched') = (organization_id IS NULL)",
        }
    )
    op.drop_column(_PAYMENTS, "reversed_at")
    op.drop_column(_PAYMENTS, "reversal")


def _checks(conditions: dict[str, str]) -> None:
    for name, condition in conditions.items():
        op.drop_constraint(op.f(f"{_PAYMENTS}_{name}_check"), _PAYMENTS)
        _add(_PAYMENTS, name, condition)


def _add(table: str, name: str, condition: str) -> None:
    op.create_check_constraint(op.f(f"{table}_{name}_check"), table, condition)
