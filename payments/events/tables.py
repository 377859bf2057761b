"""Tables of events. A transaction writes its events as one row; readers see them one by one.

A row has no numbers yet when it commits: whoever reads numbers it first (ADR 0087).
"""

from typing import Any, Final

import sqlalchemy as sa

from payments.kernel.database import METADATA

event_batch_numbers: Final = sa.Sequence("event_batch_numbers", metadata=METADATA)

event_batches: Final = sa.Table(
    "event_batches",
    METADATA,
    sa.Column("written_at", sa.DateTime(timezone=True), primary_key=True),
    sa.Column(
        "id",
        sa.BigInteger,
        primary_key=True,
        autoincrement=False,
        server_default=sa.text("nextval('event_batch_numbers')"),
    ),
    sa.Column("first_sequence", sa.BigInteger, index=True, comment="null until a reader came"),
    sa.Column("event_count", sa.Integer, nullable=False),
    sa.Column("events", sa.Text, nullable=False, comment="a JSON array, in the order decided"),
    sa.CheckConstraint("event_count > 0", name="event_count"),
    postgresql_partition_by="RANGE (written_at)",
    comment="the events of one transaction; append-only but for first_sequence",
)
sa.Index(
    "event_batches_unnumbered_idx",
    event_batches.c.id,
    postgresql_where=sa.text("first_sequence IS NULL"),
)


@sa.event.listens_for(event_batches, "after_create")
def _without_a_month(_table: sa.Table, connection: sa.Connection, **_: Any) -> None:
    """Rows of a month that has no partition of its own stand in the default one."""
    connection.execute(sa.text("ALTER TABLE event_batches ALTER events SET STORAGE EXTERNAL"))
    connection.execute(
        sa.text("CREATE TABLE event_batches_rest PARTITION OF event_batches DEFAULT")
    )


event_position: Final = sa.Table(
    "event_position",
    METADATA,
    sa.Column("id", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("last_sequence", sa.BigInteger, nullable=False),
    sa.Column("pruned_through", sa.BigInteger, nullable=False, server_default="0"),
    sa.CheckConstraint("id", name="one_row"),
    comment="the last number given; its row lock is the turn of who numbers",
)

event_prunings: Final = sa.Table(
    "event_prunings",
    METADATA,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("partition", sa.Text, nullable=False),
    sa.Column("first_sequence", sa.BigInteger, nullable=False),
    sa.Column("last_sequence", sa.BigInteger, nullable=False),
    sa.Column("pruned_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column(
        "before",
        sa.DateTime(timezone=True),
        nullable=False,
        comment="events written before are gone",
    ),
    comment="which events are kept no more",
)

event_switches: Final = sa.Table(
    "event_switches",
    METADATA,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("is_on", sa.Boolean, nullable=False),
    sa.Column("since", sa.DateTime(timezone=True), nullable=False),
    comment="since when events are written, and are not",
)
