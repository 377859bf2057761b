"""A marketplace's payment says who pays whom at which banks, as its events do."""

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0063"
branch_labels = None
depends_on = None

_PARTIES = ("customer_number", "customer_bank", "seller_number", "seller_bank")


def upgrade() -> None:
    """Rows that 0.1.0 writes after this have none of it, and their events are the operation's."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("bank_accounts", sa.Column("bank_name", sa.Text(), nullable=True))
    for name in _PARTIES:
        op.add_column("bank_payments", sa.Column(name, sa.Text(), nullable=True))
    op.execute(
        "UPDATE bank_accounts AS a SET bank_name = b.name FROM banks AS b WHERE b.id = a.bank_id"
    )
    op.execute(
        "UPDATE bank_payments AS p SET customer_number = c.number, customer_bank = c.bank_name,"
        " seller_number = s.number, seller_bank = s.bank_name"
        " FROM bank_accounts AS c, bank_accounts AS s"
        " WHERE c.id = p.customer_account_id AND s.id = p.seller_account_id"
    )


def downgrade() -> None:
    """The parties are read from the accounts."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in _PARTIES:
        op.drop_column("bank_payments", name)
    op.drop_column("bank_accounts", "bank_name")
