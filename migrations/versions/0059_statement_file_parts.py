"""Files of statements are kept in pieces: one of a million lines is not one value of a row."""

import sqlalchemy as sa
from alembic import op

revision = "0059"
down_revision = "0056"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """0.1.0 knows no statements."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "statement_file_parts",
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False, comment="from 0"),
        sa.Column("bytes", sa.LargeBinary(), nullable=False, comment="1 MiB, the last one less"),
        sa.PrimaryKeyConstraint("statement_id", "place", name=op.f("statement_file_parts_pkey")),
        comment="the files as they came; together they have the statement's digest",
    )
    op.execute(
        "INSERT INTO statement_file_parts (statement_id, place, bytes) "
        "SELECT id, place, substring(raw FROM place * 1048576 + 1 FOR 1048576) "
        "FROM statements, generate_series(0, (octet_length(raw) - 1) / 1048576) AS place"
    )
    op.drop_column("statements", "raw")


def downgrade() -> None:
    """The pieces are put together again."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("statements", sa.Column("raw", sa.LargeBinary()))
    op.execute(
        "UPDATE statements AS s SET raw = ("
        "SELECT string_agg(p.bytes, '' ORDER BY p.place) FROM statement_file_parts AS p "
        "WHERE p.statement_id = s.id)"
    )
    op.alter_column("statements", "raw", nullable=False)
    op.drop_table("statement_file_parts")
