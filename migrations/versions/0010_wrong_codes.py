"""Wrong confirmation codes are counted by account: a bank account stands thirty of them a day."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the counter."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "bank_accounts",
        sa.Column(
            "wrong_codes",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="in the 24 hours since wrong_codes_since, over all payments",
        ),
    )
    op.add_column(
        "bank_accounts",
        sa.Column("wrong_codes_since", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_check_constraint(
        op.f("bank_accounts_wrong_codes_check"), "bank_accounts", "wrong_codes BETWEEN 0 AND 30"
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_column("bank_accounts", "wrong_codes_since")
    op.drop_column("bank_accounts", "wrong_codes")
