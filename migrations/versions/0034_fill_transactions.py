"""The transactions of what 0.1.0 has applied, in parts that are kept; wallets by their status."""

from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent / "sql" / "0034_fill_transactions.sql"
_STEP = timedelta(hours=6)


def upgrade() -> None:
    """Each part is a transaction of its own: when it is broken off, it goes on where it was.

    No consumer waits for it. What a consumer of 0.1.0 applies from now on the scheduler fills in.
    """
    with op.get_context().autocommit_block():
        op.execute(
            "CREATE TABLE IF NOT EXISTS transaction_fills ("
            "id smallint NOT NULL, filled_until timestamptz NOT NULL,"
            " CONSTRAINT transaction_fills_pkey PRIMARY KEY (id),"
            " CONSTRAINT transaction_fills_id_check CHECK (id = 1))"
        )
        op.execute(
            "COMMENT ON TABLE transaction_fills IS"
            " 'up to when every operation that moved money has its transaction'"
        )
        _fill(op.get_bind())
        op.execute("SET lock_timeout = 0")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS accounts_status_idx")
        op.execute(
            "CREATE INDEX CONCURRENTLY accounts_status_idx ON accounts (status, id)"
            " WHERE status <> 'open'"
        )
        op.execute("SET lock_timeout = '3s'")


def downgrade() -> None:
    """The transactions stay until their table goes."""
    op.drop_index("accounts_status_idx", table_name="accounts")
    op.drop_table("transaction_fills")


def _fill(connection: sa.Connection) -> None:
    query = sa.text(_SQL.read_text(encoding="utf-8"))
    since: datetime | None = connection.scalar(
        sa.text(
            "SELECT COALESCE((SELECT filled_until FROM transaction_fills),"
            " (SELECT min(decided_at) FROM operations))"
        )
    )
    now: datetime = connection.scalar(sa.text("SELECT now()"))
    since = now if since is None else since
    while since <= now:
        until = since + _STEP
        connection.execute(query, {"since": since, "until": until})
        _note(connection, min(until, now))
        since = until


def _note(connection: sa.Connection, until: datetime) -> None:
    connection.execute(
        sa.text(
            "INSERT INTO transaction_fills VALUES (1, :until)"
            " ON CONFLICT (id) DO UPDATE SET filled_until = EXCLUDED.filled_until"
        ),
        {"until": until},
    )
