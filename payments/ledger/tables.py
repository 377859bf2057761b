"""Tables of the ledger. Append-only: enforced by trigger and GRANT; `post` only inserts."""

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from payments.kernel.database import METADATA

accounts: Final = sa.Table(
    "accounts",
    METADATA,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("code", sa.Text, nullable=False, unique=True),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("book", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("guard", sa.SmallInteger, nullable=False),
    sa.Column(
        "is_frozen",
        sa.Boolean,
        nullable=False,
        server_default=sa.false(),
        comment="what 0.1.0 reads and writes in place of status; goes when it can run no more",
    ),
    sa.Column(
        "status",
        sa.Text,
        nullable=False,
        server_default="open",
        comment="open, frozen (one way or both) or closed: whether money may go in and out",
    ),
    sa.Column("debits_posted", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("credits_posted", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("debits_pending", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("credits_pending", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column(
        "version",
        sa.BigInteger,
        nullable=False,
        server_default="0",
        comment="how many entries it has",
    ),
    sa.Column(
        "last_entry_at",
        sa.DateTime(timezone=True),
        comment="time of the newest entry: never goes back",
    ),
    sa.Column(
        "created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()
    ),
    sa.Column(
        "answered_until",
        sa.DateTime(timezone=True),
        comment="no new entry is dated before this: a balance at that time was answered",
    ),
    sa.Column(
        "overdraft_limit",
        sa.BigInteger,
        nullable=False,
        server_default="0",
        comment="how far below zero a guarded account may go, minor units",
    ),
    sa.Column(
        "forced_debt",
        sa.BigInteger,
        nullable=False,
        server_default="0",
        comment="how far below that it was taken by force, and is not made good yet",
    ),
    sa.Column(
        "effective_until",
        sa.DateTime(timezone=True),
        comment="no transaction counts from before this any more: that balance was answered",
    ),
    sa.CheckConstraint(
        "status IN ('open', 'frozen', 'frozen_debits', 'frozen_credits', 'closed')", name="status"
    ),
    sa.CheckConstraint("overdraft_limit >= 0 AND forced_debt >= 0", name="limits"),
    sa.CheckConstraint(
        "debits_posted >= 0 AND credits_posted >= 0 "
        "AND debits_pending >= 0 AND credits_pending >= 0",
        name="counters",
    ),
    # The last line of defence: no bug in the code can overdraw a guarded account.
    sa.CheckConstraint(
        "guard <> 1 OR credits_posted - debits_posted - debits_pending"
        " >= -(overdraft_limit + forced_debt)",
        name="credit_guard",
    ),
    sa.CheckConstraint(
        "guard <> 2 OR debits_posted - credits_posted - credits_pending >= 0", name="debit_guard"
    ),
    # Busy accounts are updated once per batch: free space in the page allows heap-only updates.
    postgresql_with={"fillfactor": "70"},
)

# Nearly all are open: those that are not are found by the index.
sa.Index(
    "accounts_status_idx",
    accounts.c.status,
    accounts.c.id,
    postgresql_where=sa.text("status <> 'open'"),
)

entries: Final = sa.Table(
    "entries",
    METADATA,
    sa.Column("account_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column(
        "seq",
        sa.BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="1, 2, 3 … within the account",
    ),
    sa.Column("amount", sa.BigInteger, nullable=False, comment="minor units, credit positive"),
    sa.Column(
        "balance", sa.BigInteger, nullable=False, comment="credits minus debits after this entry"
    ),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("operation_id", sa.Uuid, nullable=False),
    sa.Column("book", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.SmallInteger, nullable=False, comment="ISO 4217 number"),
    sa.CheckConstraint("amount <> 0", name="amount"),
)
# For audits of new entries: a BRIN index on the time costs next to nothing to maintain.
sa.Index("entries_recorded_at_brin", entries.c.recorded_at, postgresql_using="brin")

backdated_entries: Final = sa.Table(
    "backdated_entries",
    METADATA,
    sa.Column("account_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column(
        "seq",
        sa.BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="the account's last entry of the transaction",
    ),
    sa.Column("minor", sa.BigInteger, nullable=False, comment="minor units, credit positive"),
    sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
    comment="what a transaction with an effective time moved, an account a row",
)
sa.Index(
    "backdated_entries_effective_idx",
    backdated_entries.c.account_id,
    backdated_entries.c.effective_at,
    postgresql_include=["seq", "minor"],
)

holds: Final = sa.Table(
    "holds",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True, comment="the operation that made it"),
    sa.Column("wallet_id", sa.BigInteger, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False, comment="hold (a client's own) or payout"),
    sa.Column("minor", sa.BigInteger, nullable=False),
    sa.Column("captured_minor", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("released_minor", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("expires_at", sa.DateTime(timezone=True)),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("closed_at", sa.DateTime(timezone=True)),
    sa.CheckConstraint(
        "minor > 0 AND captured_minor >= 0 AND released_minor >= 0 "
        "AND captured_minor + released_minor <= minor",
        name="parts",
    ),
    # Closed exactly when nothing is left: a hold cannot end twice.
    sa.CheckConstraint(
        "(closed_at IS NOT NULL) = (captured_minor + released_minor = minor)", name="closed"
    ),
)
sa.Index(
    "holds_open_expires_at_idx",
    holds.c.expires_at,
    postgresql_where=sa.text("closed_at IS NULL AND expires_at IS NOT NULL"),
)
sa.Index(
    "holds_open_wallet_id_idx", holds.c.wallet_id, postgresql_where=sa.text("closed_at IS NULL")
)
sa.Index("holds_created_at_id_idx", holds.c.created_at, holds.c.id)
sa.Index("holds_wallet_id_created_at_id_idx", holds.c.wallet_id, holds.c.created_at, holds.c.id)


def held_at(moment: datetime) -> sa.ColumnElement[int]:
    """Held amount of an account: its pending debits without holds that have expired."""
    ended = (
        sa.select(sa.func.sum(holds.c.minor - holds.c.captured_minor - holds.c.released_minor))
        .where(
            holds.c.wallet_id == accounts.c.id,
            holds.c.closed_at.is_(None),
            holds.c.expires_at <= moment,
        )
        .correlate(accounts)
        .scalar_subquery()
    )
    pending = accounts.c.debits_pending
    held = pending - sa.cast(sa.func.coalesce(ended, 0), sa.BigInteger)
    return sa.case((pending == 0, 0), else_=held)
