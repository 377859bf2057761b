"""Tables of statements: our accounts at banks, files as they came, their lines, which has which."""

from datetime import date, datetime
from typing import ClassVar, Final
from uuid import UUID

import sqlalchemy as sa

from payments.kernel.database import METADATA
from payments.ledger.chart import AccountSpec, Kind, house
from payments.operations.record import Record
from payments.statements.status import LineState

_STATES: Final = ", ".join(f"'{state.value}'" for state in LineState)

statement_accounts: Final = sa.Table(
    "statement_accounts",
    METADATA,
    sa.Column(
        "number", sa.BigInteger, sa.Identity(), primary_key=True, comment="of its ledger account"
    ),
    sa.Column("account", sa.Text, nullable=False, unique=True, comment="as the bank writes it"),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column(
        "payer_inn",
        sa.Text,
        nullable=False,
        server_default="",
        comment="who pays out what its settlement files say; empty: nobody known",
    ),
    sa.Column(
        "drift_minor",
        sa.BigInteger,
        nullable=False,
        server_default="0",
        comment="how much that payment may differ",
    ),
    sa.Column(
        "statement_within_days",
        sa.Integer,
        nullable=False,
        server_default="3",
        comment="a statement is late when its newest day is older",
    ),
    comment="our accounts at banks and providers, each known by its first statement",
)

statements: Final = sa.Table(
    "statements",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("format", sa.Text, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False, comment="SHA-256 of the file"),
    sa.Column("begins", sa.Date, nullable=False),
    sa.Column("ends", sa.Date, nullable=False),
    sa.Column("opening_minor", sa.BigInteger, comment="null: a settlement file has no balances"),
    sa.Column("closing_minor", sa.BigInteger),
    sa.Column("received_minor", sa.BigInteger, nullable=False),
    sa.Column("sent_minor", sa.BigInteger, nullable=False),
    sa.Column("fee_minor", sa.BigInteger, nullable=False, comment="kept back of its lines"),
    sa.Column(
        "new_net_minor",
        sa.BigInteger,
        comment="lines no earlier file had, less their fees; null: it has balances",
    ),
    sa.Column("line_count", sa.Integer, nullable=False),
    sa.Column("new_line_count", sa.Integer, nullable=False, comment="lines no earlier file had"),
    sa.Column("final_until", sa.Date, comment="the last day that was over when the file was made"),
    sa.Column("pending_count", sa.Integer, nullable=False, comment="entries not booked yet"),
    sa.Column("continues", sa.Uuid, comment="the statement whose page comes before its first"),
    sa.Column("loaded_by", sa.Text, nullable=False),
    sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
    sa.UniqueConstraint("account", "digest"),
    sa.CheckConstraint("(opening_minor IS NULL) = (closing_minor IS NULL)", name="balances"),
)
sa.Index("statements_loaded_at_id_idx", statements.c.loaded_at, statements.c.id)
sa.Index("statements_account_begins_idx", statements.c.account, statements.c.begins)
sa.Index(
    "statements_account_loaded_at_id_idx",
    statements.c.account,
    statements.c.loaded_at,
    statements.c.id,
)

statement_file_parts: Final = sa.Table(
    "statement_file_parts",
    METADATA,
    sa.Column("statement_id", sa.Uuid, primary_key=True),
    sa.Column("place", sa.Integer, primary_key=True, comment="from 0"),
    sa.Column("bytes", sa.LargeBinary, nullable=False, comment="1 MiB, the last one less"),
    comment="the files as they came; together they have the statement's digest",
)

statement_lines: Final = sa.Table(
    "statement_lines",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True, comment="derived from likeness and twin"),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("likeness", sa.LargeBinary, nullable=False, comment="what twins share"),
    sa.Column("twin", sa.Integer, nullable=False, comment="which of the twins, from 1"),
    sa.Column("statement_id", sa.Uuid, nullable=False, comment="the first that has it"),
    sa.Column("row", sa.Integer, nullable=False, comment="line of that file"),
    sa.Column("posted", sa.Date, nullable=False),
    sa.Column("minor", sa.BigInteger, nullable=False, comment="signed"),
    sa.Column("fee_minor", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("document_date", sa.Date),
    sa.Column("counterparty", sa.Text, nullable=False),
    sa.Column("counterparty_account", sa.Text, nullable=False),
    sa.Column("inn", sa.Text, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("bank_id", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("operated_at", sa.DateTime(timezone=True)),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("counter_id", sa.BigInteger, comment="the ledger account on the other side"),
    sa.Column("subject_id", sa.Uuid, unique=True, comment="the one thing of ours that it meets"),
    sa.Column("reversed_by", sa.Uuid, unique=True, comment="the line that takes it back"),
    sa.Column("operation_id", sa.Uuid, comment="that booked it"),
    sa.Column(
        "is_met",
        sa.Boolean,
        nullable=False,
        server_default=sa.text("false"),
        comment="its payment has a webhook or an owner since",
    ),
    sa.Column(
        "shown_state",
        sa.Text,
        sa.Computed("CASE WHEN is_met THEN 'matched' ELSE state END", persisted=True),
        nullable=False,
        comment="what a person is shown",
    ),
    sa.UniqueConstraint("likeness", "twin"),
    sa.CheckConstraint(f"state IN ({_STATES})", name="state"),
)
sa.Index("statement_lines_number_idx", statement_lines.c.number)
sa.Index(
    "statement_lines_account_posted_number_inn_idx",
    statement_lines.c.account,
    statement_lines.c.posted,
    statement_lines.c.number,
    statement_lines.c.inn,
)
sa.Index(
    "statement_lines_account_counterparty_minor_idx",
    statement_lines.c.account,
    statement_lines.c.counterparty_account,
    statement_lines.c.minor,
    postgresql_where=sa.text("counterparty_account <> ''"),
)
sa.Index(
    "statement_lines_reference_idx",
    statement_lines.c.account,
    statement_lines.c.reference,
    postgresql_where=sa.text("reference <> ''"),
)
sa.Index(
    "statement_lines_theirs_only_inn_idx",
    statement_lines.c.inn,
    postgresql_where=sa.text("state = 'theirs_only'"),
)
sa.Index(
    "statement_lines_statement_id_shown_state_id_idx",
    statement_lines.c.statement_id,
    statement_lines.c.shown_state,
    statement_lines.c.id,
)
sa.Index(
    "statement_lines_new_idx",
    statement_lines.c.id,
    postgresql_where=sa.text("state = 'new'"),
)

statement_parts: Final = sa.Table(
    "statement_parts",
    METADATA,
    sa.Column("statement_id", sa.Uuid, primary_key=True),
    sa.Column("line_id", sa.Uuid, primary_key=True),
    comment="which lines a statement has, those of earlier statements too",
)
sa.Index("statement_parts_line_id_idx", statement_parts.c.line_id)

statement_tallies: Final = sa.Table(
    "statement_tallies",
    METADATA,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("statement_id", sa.Uuid, nullable=False),
    sa.Column("word", sa.Text, nullable=False, comment="a state of its lines, or break"),
    sa.Column("delta", sa.BigInteger, nullable=False, comment="so many more, or fewer"),
    comment="changes of the numbers of lines by state and of their open breaks, to be added up",
)
sa.Index("statement_tallies_statement_id_idx", statement_tallies.c.statement_id)

statement_claims: Final = sa.Table(
    "statement_claims",
    METADATA,
    sa.Column(
        "item_id", sa.Uuid, primary_key=True, comment="a line, file, payout or payment: each once"
    ),
    sa.Column("claim_id", sa.Uuid, nullable=False, comment="the operation that claimed it"),
    sa.Column("sort", sa.Text, nullable=False),
    sa.Column("minor", sa.BigInteger, nullable=False),
    sa.Column("claimed_by", sa.Text, nullable=False),
    sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("sort IN ('line', 'settlement', 'payout', 'payment')", name="sort"),
    comment="which lines of a bank pay which things of ours, many to many",
)
sa.Index("statement_claims_claim_id_idx", statement_claims.c.claim_id)


class Claim(Record, frozen=True):
    """A line, or something of ours, as part of a claim."""

    table: ClassVar[sa.Table] = statement_claims
    keys: ClassVar[tuple[str, ...]] = ("item_id",)

    item_id: UUID
    claim_id: UUID
    sort: str
    minor: int
    claimed_by: str
    claimed_at: datetime


class StatementLine(Record, frozen=True):
    """What booking changes of a line, and what its event says of it."""

    table: ClassVar[sa.Table] = statement_lines
    keys: ClassVar[tuple[str, ...]] = ("id", "subject_id")

    id: UUID
    minor: int
    currency: str
    state: LineState
    counter_id: int | None
    subject_id: UUID | None
    reversed_by: UUID | None
    operation_id: UUID | None
    posted: date | None = None
    kind: str = ""
    number: str = ""
    inn: str = ""
    counterparty: str = ""
    purpose: str = ""
    reference: str = ""


def ledger_account(number: int, currency: str) -> AccountSpec:
    """What the bank holds for us in our account of that number: below zero, as all assets are."""
    return house(Kind.STATEMENT, currency, number)


def unexplained_account(currency: str) -> AccountSpec:
    """The other side of lines that nobody has explained yet."""
    return house(Kind.STATEMENT_UNEXPLAINED, currency)
