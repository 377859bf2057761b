"""Every webhook that was turned away is on record; mails to one payer are bounded; lists have indexes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_TURNED_AWAY = "turned_away_webhooks"
_PAYMENTS = "organization_payments"
_CHANGES = "organization_balance_changes"


def upgrade() -> None:
    """0.1.0 goes on: it knows none of the columns, and each has a default."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    _turned_away()
    op.create_table(
        "bank_unconfirmed",
        sa.Column("payer", sa.Text(), nullable=False, comment="marketplace:account number"),
        sa.Column(
            "waiting",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="payment to when its code can no longer be used",
        ),
        sa.PrimaryKeyConstraint("payer", name=op.f("bank_unconfirmed_pkey")),
        comment="payments that wait for their code, by marketplace and payer: how many mails went out",
    )
    op.add_column(
        _PAYMENTS,
        sa.Column(
            "proposal",
            postgresql.JSONB(astext_type=sa.Text()),
            comment="whose one person says it is; a second one must agree",
        ),
    )
    op.add_column(
        _PAYMENTS,
        sa.Column(
            "assignment",
            postgresql.JSONB(astext_type=sa.Text()),
            comment="who assigned it and why, when a person did",
        ),
    )
    op.create_index("organization_payments_received_at_id_idx", _PAYMENTS, ["received_at", "id"])
    op.create_index(
        "organization_balance_changes_organization_id_recorded_at_idx",
        _CHANGES,
        ["organization_id", "recorded_at", "operation_id"],
    )
    op.drop_index("organization_balance_changes_organization_id_idx", _CHANGES)
    op.create_index(
        "operation_conflicts_recorded_at_idx",
        "operation_conflicts",
        ["recorded_at", "operation_id", "digest"],
    )


def _turned_away() -> None:
    op.alter_column(
        _TURNED_AWAY,
        "transaction_id",
        existing_type=sa.BigInteger(),
        nullable=True,
        comment="as a body of the shop's provider claimed",
        existing_comment="as the body claimed",
    )
    op.add_column(
        _TURNED_AWAY,
        sa.Column(
            "surface", sa.Text(), nullable=False, server_default="shop", comment="shop or bank"
        ),
    )
    op.add_column(
        _TURNED_AWAY,
        sa.Column(
            "reference",
            sa.Text(),
            nullable=False,
            server_default="",
            comment="the sender's own id, as the body claimed",
        ),
    )
    op.add_column(
        _TURNED_AWAY,
        sa.Column(
            "detail", sa.Text(), nullable=False, server_default="", comment="what the sender was told"
        ),
    )
    op.execute("UPDATE turned_away_webhooks SET reference = transaction_id::text")
    op.drop_index("turned_away_webhooks_kind_id_idx", _TURNED_AWAY)
    op.create_index(
        "turned_away_webhooks_surface_kind_id_idx", _TURNED_AWAY, ["surface", "kind", "id"]
    )


def downgrade() -> None:
    """What 0.1.0 has no place for is left out: refusals without a transaction id."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("operation_conflicts_recorded_at_idx", "operation_conflicts")
    op.create_index(
        "organization_balance_changes_organization_id_idx", _CHANGES, ["organization_id"]
    )
    op.drop_index("organization_balance_changes_organization_id_recorded_at_idx", _CHANGES)
    op.drop_index("organization_payments_received_at_id_idx", _PAYMENTS)
    op.drop_column(_PAYMENTS, "assignment")
    op.drop_column(_PAYMENTS, "proposal")
    op.drop_table("bank_unconfirmed")
    op.execute("DELETE FROM turned_away_webhooks WHERE transaction_id IS NULL OR surface <> 'shop'")
    op.drop_index("turned_away_webhooks_surface_kind_id_idx", _TURNED_AWAY)
    op.create_index("turned_away_webhooks_kind_id_idx", _TURNED_AWAY, ["kind", "id"])
    op.drop_column(_TURNED_AWAY, "detail")
    op.drop_column(_TURNED_AWAY, "reference")
    op.drop_column(_TURNED_AWAY, "surface")
    op.alter_column(
        _TURNED_AWAY,
        "transaction_id",
        existing_type=sa.BigInteger(),
        nullable=False,
        comment="as the body claimed",
        existing_comment="as a body of the shop's provider claimed",
    )
