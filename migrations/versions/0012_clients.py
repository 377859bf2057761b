"""API keys belong to a client, who is the caller; until now each key was a caller of its own."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent / "sql" / "0012_clients.sql"
_NAME_BEFORE = "for people: which client it was made for"
_NAME_NOW = "the client it was made for"


def upgrade() -> None:
    """Make the clients, tie the keys to them."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "api_clients",
        sa.Column("name", sa.Text(), nullable=False, comment="the name of its keys"),
        sa.Column(
            "actor",
            sa.Text(),
            nullable=False,
            comment="who asked, in every operation; never changes: operation ids are derived from it",
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("api_clients_pkey")),
        sa.UniqueConstraint("actor", name=op.f("api_clients_actor_key")),
    )
    op.add_column(
        "api_keys",
        sa.Column(
            "was_caller",
            sa.Boolean(),
            server_default=sa.true(),
            nullable=False,
            comment="made by 0.1.0, where the key itself was the caller: key:<id> in its operations",
        ),
    )
    for statement in _SQL.read_text(encoding="utf-8").split("\n-- next\n"):
        op.execute(statement)
    op.alter_column(
        "api_keys",
        "name",
        existing_type=sa.Text(),
        existing_nullable=False,
        comment=_NAME_NOW,
        existing_comment=_NAME_BEFORE,
    )
    op.create_foreign_key(
        op.f("api_keys_name_fkey"), "api_keys", "api_clients", ["name"], ["name"]
    )


def downgrade() -> None:
    """Each key is a caller of its own again."""
    op.execute("DROP TRIGGER api_keys_client ON api_keys")
    op.execute("DROP FUNCTION api_keys_client()")
    op.drop_constraint(op.f("api_keys_name_fkey"), "api_keys", type_="foreignkey")
    op.alter_column(
        "api_keys",
        "name",
        existing_type=sa.Text(),
        existing_nullable=False,
        comment=_NAME_BEFORE,
        existing_comment=_NAME_NOW,
    )
    op.drop_column("api_keys", "was_caller")
    op.drop_table("api_clients")
