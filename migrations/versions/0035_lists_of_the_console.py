"""Lists of the console are read by index, whatever is filtered."""

from typing import Final

from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

_INDEXES: Final = {
    "breaks_opened_at_id_idx": "breaks (opened_at, id)",
    "breaks_state_opened_at_id_idx": "breaks (state, opened_at, id)",
    "breaks_kind_opened_at_id_idx": "breaks (kind, opened_at, id)",
    "breaks_assignee_opened_at_id_idx": "breaks (assignee, opened_at, id)",
    "breaks_merchant_id_idx": "breaks (merchant_id)",
    "breaks_subject_id_idx": "breaks (subject_id)",
    "organization_payments_status_received_at_id_idx": (
        "organization_payments (status, received_at, id)"
    ),
    "organization_payments_payer_inn_idx": "organization_payments (payer_inn)",
    "holds_created_at_id_idx": "holds (created_at, id)",
    "holds_wallet_id_created_at_id_idx": "holds (wallet_id, created_at, id)",
    "deposits_wallet_id_created_at_id_idx": "deposits (wallet_id, created_at, id)",
    "statements_account_loaded_at_id_idx": "statements (account, loaded_at, id)",
}


def upgrade() -> None:
    """Made beside writers. What an attempt that was broken off left behind is made again."""
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        for name, columns in _INDEXES.items():
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {columns}")
        op.execute("SET lock_timeout = '3s'")


def downgrade() -> None:
    """The lists are slower without them."""
    for name, columns in _INDEXES.items():
        op.drop_index(name, table_name=columns.partition(" ")[0])
