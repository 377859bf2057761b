"""Which kinds, callers and currencies a time has, in place of an index entry a transaction each."""

import sqlalchemy as sa
from alembic import op

revision = "0181"
down_revision = "0180"
branch_labels = None
depends_on = None

_NEW = "transactions_created_at_kind_idx"
_OLD = {
    "transactions_created_at_idx": "created_at",
    "transactions_kind_created_at_idx": "kind, created_at",
    "transactions_actor_created_at_idx": "actor, created_at",
    "transactions_currency_created_at_idx": "currency_number, created_at",
}
_FILL = """
    INSERT INTO transaction_traits (trait, created_at)
    SELECT t.trait, m.created_at
      FROM (SELECT DISTINCT created_at, kind, actor, currency_number FROM transactions) AS m
     CROSS JOIN LATERAL (
           VALUES ('kind:' || m.kind), ('actor:' || m.actor), ('currency:' || m.currency_number)
         ) AS t (trait)
    EXCEPT
    SELECT trait, created_at FROM transaction_traits
"""


def upgrade() -> None:
    """0.1.0 writes no transactions, so what is written beside this is filled in by this version.

    When it is broken off it begins again, and adds what is missing.
    """
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "transaction_traits",
        sa.Column(
            "trait", sa.Text(), nullable=False, comment="kind:…, actor:… or currency:… (its number)"
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        comment="which kinds, callers and currencies the transactions of a time have",
        if_not_exists=True,
    )
    op.create_index(
        "transaction_traits_trait_created_at_idx",
        "transaction_traits",
        ["trait", "created_at"],
        if_not_exists=True,
    )
    op.execute(_FILL)
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {_NEW}")
        op.execute(
            f"CREATE INDEX CONCURRENTLY {_NEW}"
            " ON transactions (created_at, kind, actor, currency_number)"
        )
        for name in _OLD:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        op.execute("SET lock_timeout = '3s'")


def downgrade() -> None:
    """An index a filter, as before."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("transaction_traits")
    op.drop_index(_NEW, table_name="transactions")
    for name, columns in _OLD.items():
        op.execute(f"CREATE INDEX {name} ON transactions ({columns})")
