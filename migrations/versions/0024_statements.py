"""Statements of banks: files as they came, their lines, and where webhooks meet them."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_PAYMENTS = "organization_payments"
_STATES = "'new', 'matched', 'theirs_only', 'fee'"


def upgrade() -> None:
    """0.1.0 goes on: it knows none of the tables, and the columns may be null."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    _statements()
    _lines()
    for name, type_, comment in (
        ("meeting", sa.Text(), "INN, number, day and which of such payments"),
        ("line_id", sa.Uuid(), "the line of a statement that is this"),
        ("webhook_id", sa.Uuid(), "the bank's id, when the statement came before the webhook"),
    ):
        op.add_column(_PAYMENTS, sa.Column(name, type_, comment=comment))
        op.create_unique_constraint(op.f(f"{_PAYMENTS}_{name}_key"), _PAYMENTS, [name])
    op.execute(
        """
        UPDATE organization_payments AS p
           SET meeting = k.meeting || ':' || k.n
          FROM (
               SELECT id, meeting, row_number() OVER (PARTITION BY meeting ORDER BY received_at, id) AS n
                 FROM (
                      SELECT id, received_at,
                             COALESCE(NULLIF(split_part(payer_inn, '/', 1), ''), '0') || ':'
                             || COALESCE(ltrim(substring(trim(document_number) FROM '[0-9]+$'), '0'),
                                         lower(trim(document_number)))
                             || ':' || (document_date AT TIME ZONE 'Europe/Moscow')::date AS meeting
                        FROM organization_payments
                      ) AS q
               ) AS k
         WHERE k.id = p.id AND k.n <= 3
        """
    )


def downgrade() -> None:
    """Forget the statements; the money that they moved stays where it is."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in ("webhook_id", "line_id", "meeting"):
        op.drop_column(_PAYMENTS, name)
    for table in ("statement_parts", "statement_lines", "statements", "statement_accounts"):
        op.drop_table(table)


def _statements() -> None:
    op.create_table(
        "statement_accounts",
        sa.Column(
            "number",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="of its ledger account",
        ),
        sa.Column("account", sa.Text(), nullable=False, comment="as the bank writes it"),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("statement_accounts_pkey")),
        sa.UniqueConstraint("account", name=op.f("statement_accounts_account_key")),
        comment="our accounts at banks and providers, each known by its first statement",
    )
    op.create_table(
        "statements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="SHA-256 of the file"),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("begins", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=False),
        sa.Column(
            "opening_minor", sa.BigInteger(), comment="null: a settlement file has no balances"
        ),
        sa.Column("closing_minor", sa.BigInteger()),
        sa.Column("received_minor", sa.BigInteger(), nullable=False),
        sa.Column("sent_minor", sa.BigInteger(), nullable=False),
        sa.Column(
            "fee_minor", sa.BigInteger(), nullable=False, comment="kept back of its lines"
        ),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column(
            "new_line_count", sa.Integer(), nullable=False, comment="lines no earlier file had"
        ),
        sa.Column(
            "pending_count", sa.Integer(), nullable=False, comment="entries not booked yet"
        ),
        sa.Column(
            "continues", sa.Uuid(), comment="the statement whose page comes before its first"
        ),
        sa.Column("loaded_by", sa.Text(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("statements_pkey")),
        sa.UniqueConstraint("account", "digest", name=op.f("statements_account_digest_key")),
        sa.CheckConstraint(
            "(opening_minor IS NULL) = (closing_minor IS NULL)",
            name=op.f("statements_balances_check"),
        ),
    )
    op.create_index("statements_loaded_at_id_idx", "statements", ["loaded_at", "id"])
    op.create_index("statements_account_begins_idx", "statements", ["account", "begins"])


def _lines() -> None:
    op.create_table(
        "statement_lines",
        sa.Column("id", sa.Uuid(), nullable=False, comment="derived from likeness and twin"),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("likeness", sa.LargeBinary(), nullable=False, comment="what twins share"),
        sa.Column("twin", sa.Integer(), nullable=False, comment="which of the twins, from 1"),
        sa.Column("statement_id", sa.Uuid(), nullable=False, comment="the first that has it"),
        sa.Column("row", sa.Integer(), nullable=False, comment="line of that file"),
        sa.Column("posted", sa.Date(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False, comment="signed"),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("document_date", sa.Date()),
        sa.Column("counterparty", sa.Text(), nullable=False),
        sa.Column("counterparty_account", sa.Text(), nullable=False),
        sa.Column("inn", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("bank_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("operated_at", sa.DateTime(timezone=True)),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("counter_id", sa.BigInteger(), comment="the ledger account on the other side"),
        sa.Column("subject_id", sa.Uuid(), comment="the one thing of ours that it meets"),
        sa.Column("reversed_by", sa.Uuid(), comment="the line that takes it back"),
        sa.Column("operation_id", sa.Uuid(), comment="that booked it"),
        sa.PrimaryKeyConstraint("id", name=op.f("statement_lines_pkey")),
        sa.UniqueConstraint("likeness", "twin", name=op.f("statement_lines_likeness_twin_key")),
        sa.UniqueConstraint("subject_id", name=op.f("statement_lines_subject_id_key")),
        sa.UniqueConstraint("reversed_by", name=op.f("statement_lines_reversed_by_key")),
        sa.CheckConstraint(f"state IN ({_STATES})", name=op.f("statement_lines_state_check")),
    )
    op.create_index(
        "statement_lines_account_posted_idx", "statement_lines", ["account", "posted"]
    )
    op.create_index(
        "statement_lines_reference_idx",
        "statement_lines",
        ["account", "reference"],
        postgresql_where=sa.text("reference <> ''"),
    )
    op.create_index(
        "statement_lines_new_idx",
        "statement_lines",
        ["id"],
        postgresql_where=sa.text("state = 'new'"),
    )
    op.create_table(
        "statement_parts",
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("statement_id", "line_id", name=op.f("statement_parts_pkey")),
        comment="which lines a statement has, those of earlier statements too",
    )
    op.create_index("statement_parts_line_id_idx", "statement_parts", ["line_id"])
