"""Another body under a used event id is kept; an operator closes a callback; one spelling of codes."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_TABLE = "provider_callbacks"
_STATES = "state IN ('received', 'done', 'unmatched', 'operator')"
_STATES_NOW = "state IN ('received', 'done', 'unmatched', 'operator', 'closed')"


def upgrade() -> None:
    """Code of before goes on: it inserts by the primary key, which is derived from the event."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("provider_callbacks_provider_event_id_key"), _TABLE)
    op.create_index("provider_callbacks_event_id_idx", _TABLE, ["provider", "event_id"])
    op.create_index(
        "provider_callbacks_needing_idx",
        _TABLE,
        ["received_at"],
        postgresql_where=sa.text("state IN ('unmatched', 'operator')"),
    )
    op.add_column(_TABLE, sa.Column("closed_by", sa.Text()))
    op.add_column(_TABLE, sa.Column("close_reason", sa.Text()))
    op.drop_constraint(op.f("provider_callbacks_state_check"), _TABLE)
    op.create_check_constraint(op.f("provider_callbacks_state_check"), _TABLE, _STATES_NOW)
    # A callback that said "rub" was believed to pay another currency than roubles.
    op.execute(
        "UPDATE deposits SET paid_currency = upper(paid_currency)"
        " WHERE paid_currency <> upper(paid_currency)"
    )
    op.execute("UPDATE breaks SET currency = upper(currency) WHERE currency <> upper(currency)")


def downgrade() -> None:
    """What 0.1.0 has no place for is left out: second bodies, and who closed what."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DELETE FROM provider_callbacks WHERE verdict = 'event_id_reused'")
    op.execute("UPDATE provider_callbacks SET state = 'operator' WHERE state = 'closed'")
    op.drop_constraint(op.f("provider_callbacks_state_check"), _TABLE)
    op.create_check_constraint(op.f("provider_callbacks_state_check"), _TABLE, _STATES)
    op.drop_column(_TABLE, "close_reason")
    op.drop_column(_TABLE, "closed_by")
    op.drop_index("provider_callbacks_needing_idx", _TABLE)
    op.drop_index("provider_callbacks_event_id_idx", _TABLE)
    op.create_unique_constraint(
        op.f("provider_callbacks_provider_event_id_key"), _TABLE, ["provider", "event_id"]
    )
