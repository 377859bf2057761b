"""Events: a row for each transaction that decided something, numbered when somebody reads."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables. What was decided before has no events."""
    op.execute("CREATE SEQUENCE event_batch_numbers")
    op.create_table(
        "event_batches",
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "id",
            sa.BigInteger(),
            server_default=sa.text("nextval('event_batch_numbers')"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "first_sequence", sa.BigInteger(), nullable=True, comment="null until a reader came"
        ),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.Column(
            "events", sa.Text(), nullable=False, comment="a JSON array, in the order decided"
        ),
        sa.CheckConstraint("event_count > 0", name=op.f("event_batches_event_count_check")),
        sa.PrimaryKeyConstraint("written_at", "id", name=op.f("event_batches_pkey")),
        postgresql_partition_by="RANGE (written_at)",
        comment="the events of one transaction; append-only but for first_sequence",
    )
    # Compressing a batch costs more than writing it: 400 kB of JSON a thousand operations.
    op.execute("ALTER TABLE event_batches ALTER events SET STORAGE EXTERNAL")
    op.create_index(
        op.f("event_batches_first_sequence_idx"), "event_batches", ["first_sequence"]
    )
    op.create_index(
        "event_batches_unnumbered_idx",
        "event_batches",
        ["id"],
        postgresql_where=sa.text("first_sequence IS NULL"),
    )
    op.execute("CREATE TABLE event_batches_rest PARTITION OF event_batches DEFAULT")
    op.create_table(
        "event_position",
        sa.Column("id", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("last_sequence", sa.BigInteger(), nullable=False),
        sa.Column("pruned_through", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("id", name=op.f("event_position_one_row_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("event_position_pkey")),
        comment="the last number given; its row lock is the turn of who numbers",
    )
    op.execute("INSERT INTO event_position (last_sequence) VALUES (0)")
    op.create_table(
        "event_prunings",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("partition", sa.Text(), nullable=False),
        sa.Column("first_sequence", sa.BigInteger(), nullable=False),
        sa.Column("last_sequence", sa.BigInteger(), nullable=False),
        sa.Column("pruned_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("event_prunings_pkey")),
        comment="which events are kept no more",
    )


def downgrade() -> None:
    """Nobody is told any more."""
    op.drop_table("event_prunings")
    op.drop_table("event_position")
    op.drop_table("event_batches")
    op.execute("DROP SEQUENCE event_batch_numbers")
