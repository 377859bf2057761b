"""Tables of the engine. `operations` is never pruned: its primary key deduplicates requests."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from payments.kernel.database import METADATA

operations: Final = sa.Table(
    "operations",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    # json, not jsonb: a replay returns the same text, and writing it costs less.
    sa.Column("result", sa.JSON, nullable=False),
    sa.Column("effects", sa.JSON),
    sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("status IN ('applied', 'rejected')", name="status"),
    sa.CheckConstraint("(status = 'rejected') = (reason IS NOT NULL)", name="reason"),
)
sa.Index(
    "operations_decided_at_brin",
    operations.c.decided_at,
    postgresql_using="brin",
    postgresql_with={"pages_per_range": 32, "autosummarize": True},
)

transactions: Final = sa.Table(
    "transactions",
    METADATA,
    sa.Column(
        "id", sa.Uuid, primary_key=True, comment="the operation's, or one of its time: it sorts"
    ),
    sa.Column("operation_id", sa.Uuid, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column(
        "currency_number",
        sa.SmallInteger,
        nullable=False,
        comment="ISO 4217 number of the first posting",
    ),
    sa.Column("minor", sa.BigInteger, nullable=False, comment="minor units of the first posting"),
    sa.Column(
        "postings",
        sa.JSON,
        nullable=False,
        comment="[[source account, destination account, minor units, currency number], …]",
    ),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("reference", sa.Text),
    sa.Column("description", sa.Text),
    sa.Column("metadata", sa.JSON),
    sa.Column("effective_at", sa.DateTime(timezone=True)),
    sa.Column("reversal_of", sa.Uuid),
    sa.Column("reversed_by", sa.Uuid),
    comment="everything that moved money, one row an operation, written in the same transaction",
)


def index_as_transactions(table: sa.Table) -> None:
    """Add what answers the filters of lists, to a table of transactions."""
    c = table.c
    # Batches share their time: these entries come in at the end of the index.
    sa.Index(f"{table.name}_created_at_kind_idx", c.created_at, c.kind, c.actor, c.currency_number)
    sa.Index(f"{table.name}_currency_minor_idx", c.currency_number, c.minor)
    sa.Index(f"{table.name}_reference_idx", c.reference, postgresql_where=c.reference.is_not(None))
    sa.Index(
        f"{table.name}_metadata_idx",
        sa.cast(c.metadata, JSONB).label("members"),
        postgresql_using="gin",
        postgresql_ops={"members": "jsonb_path_ops"},
        postgresql_where=c.metadata.is_not(None),
    )


index_as_transactions(transactions)
# Those of 0.1.0 among others. Elsewhere the id follows from the operation's (ADR 0230).
sa.Index(
    "transactions_operation_id_idx",
    transactions.c.operation_id,
    postgresql_where=transactions.c.operation_id != transactions.c.id,
)

transaction_traits: Final = sa.Table(
    "transaction_traits",
    METADATA,
    sa.Column(
        "trait", sa.Text, nullable=False, comment="kind:…, actor:… or currency:… (its number)"
    ),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    comment="which kinds, callers and currencies the transactions of a time have",
)
# Not unique: two consumers may decide in the same microsecond.
sa.Index(
    "transaction_traits_trait_created_at_idx",
    transaction_traits.c.trait,
    transaction_traits.c.created_at,
)

transaction_amounts: Final = sa.Table(
    "transaction_amounts",
    METADATA,
    sa.Column("transaction_id", sa.Uuid, primary_key=True),
    sa.Column("position", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("currency", sa.SmallInteger, nullable=False),
    sa.Column("minor", sa.BigInteger, nullable=False),
    sa.Column(
        "created_at", sa.DateTime(timezone=True), nullable=False, comment="the transaction's"
    ),
    comment="amounts of postings after the first, where they differ from it",
)
sa.Index(
    "transaction_amounts_created_at_idx",
    transaction_amounts.c.created_at,
    transaction_amounts.c.transaction_id,
)
sa.Index(
    "transaction_amounts_currency_minor_idx",
    transaction_amounts.c.currency,
    transaction_amounts.c.minor,
)

operation_conflicts: Final = sa.Table(
    "operation_conflicts",
    METADATA,
    sa.Column("operation_id", sa.Uuid, primary_key=True),
    sa.Column("digest", sa.LargeBinary, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("body", JSONB, nullable=False),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    comment="other content that came under a known operation id: recorded, never applied",
)

sa.Index(
    "operation_conflicts_recorded_at_idx",
    operation_conflicts.c.recorded_at,
    operation_conflicts.c.operation_id,
    operation_conflicts.c.digest,
)

dead_letters: Final = sa.Table(
    "dead_letters",
    METADATA,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("stream", sa.Text, nullable=False, comment="intents or effects"),
    sa.Column("partition", sa.Integer, nullable=False),
    sa.Column("stream_id", sa.Text, nullable=False),
    sa.Column("operation_id", sa.Uuid, index=True),
    sa.Column("kind", sa.Text),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False, server_default="parked"),
    sa.Column("parked_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("closed_at", sa.DateTime(timezone=True)),
    sa.Column("closed_by", sa.Text),
    sa.CheckConstraint("state IN ('parked', 'retried', 'discarded')", name="state"),
    # After a crash between parking and acknowledgement the entry is parked again: same row.
    sa.UniqueConstraint("stream", "partition", "stream_id"),
)
sa.Index(
    "dead_letters_parked_idx",
    dead_letters.c.id,
    postgresql_where=sa.text("state = 'parked'"),
)
