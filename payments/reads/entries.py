"""Entries of an account as lists answer them, with the transaction and the other side of each."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from payments.kernel.clock import rfc3339
from payments.kernel.money import currency_of, format_minor
from payments.kernel.words import kind_of_operation
from payments.ledger.chart import address_of
from payments.ledger.tables import accounts, entries
from payments.operations.tables import operations, transactions
from payments.reads.of_operation import join_transactions
from payments.reads.rare import are_few, in_common, last_seq_before, seqs_of


class EntryView(msgspec.Struct, frozen=True, kw_only=True):
    """A movement: `entry` counts from 1 in the account, `amount` is signed, `balance` after it.

    `counterparty`: the other side, `wallet:17`. `hold_id`: what was captured.
    """

    entry: int
    operation_id: UUID
    transaction_id: UUID | None
    kind: Annotated[str, kind_of_operation()]
    amount: str
    balance: str
    created_at: str
    description: str
    reference: str
    counterparty: str | None = None
    hold_id: UUID | None = None


class EntryFilters(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of entries is narrowed by; `since` is counted in, `until` is not."""

    since: datetime | None = None
    until: datetime | None = None
    kind: str | None = None
    reference: str | None = None


ALL: Final = EntryFilters()
_SEQ_MAX: Final = 2**63 - 1


async def list_entries(
    connection: AsyncConnection,
    account_id: int,
    code: str,
    before: int | None,
    count: int,
    filters: EntryFilters = ALL,
) -> Sequence[EntryView]:
    """Newest first; `code` is the account's currency."""
    result = operations.c.result
    query = (
        sa.select(
            entries,
            operations.c.kind,
            transactions.c.id.label("transaction_id"),
            transactions.c.reference,
            transactions.c.postings,
            sa.func.coalesce(
                transactions.c.description, result["description"].as_string(), ""
            ).label("description"),
            result["hold_id"].as_string().label("hold_id"),
        )
        .select_from(join_transactions(entries, entries.c.operation_id, is_outer=True))
        .where(
            entries.c.account_id == account_id,
            *_conditions(filters),
            *await _among(connection, account_id, filters),
        )
        .order_by(entries.c.seq.desc())
        .limit(count)
    )
    if before is not None:
        query = query.where(entries.c.seq < min(before, _SEQ_MAX))
    rows = (await connection.execute(query)).all()
    others = {row.seq: _other(account_id, row) for row in rows}
    addresses = await _addresses(connection, {o for o in others.values() if o is not None})
    currency = currency_of(code)
    return [
        EntryView(
            entry=row.seq,
            operation_id=row.operation_id,
            transaction_id=row.transaction_id,
            kind=row.kind or "",
            amount=format_minor(row.amount, currency),
            balance=format_minor(row.balance, currency),
            created_at=rfc3339(row.recorded_at),
            description=row.description,
            reference=row.reference or "",
            counterparty=addresses.get(others[row.seq] or -1),
            hold_id=UUID(row.hold_id) if row.hold_id else None,
        )
        for row in rows
    ]


def _conditions(filters: EntryFilters) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if filters.kind is not None:
        conditions.append(operations.c.kind == filters.kind)
    if filters.reference is not None:
        conditions.append(transactions.c.reference == filters.reference)
    return conditions


async def _among(
    connection: AsyncConnection, account_id: int, filters: EntryFilters
) -> list[sa.ColumnElement[bool]]:
    """The numbers of entries that can be meant, so that the rest of the account is not read."""
    conditions: list[sa.ColumnElement[bool]] = []
    if filters.since is not None:
        first = await last_seq_before(connection, account_id, filters.since)
        conditions.append(entries.c.seq > first)
    if filters.until is not None:
        last = await last_seq_before(connection, account_id, filters.until)
        conditions.append(entries.c.seq <= last)
    if await are_few(connection, filters.reference, filters.kind):
        shared = in_common(filters.reference, filters.kind)
        seqs = await seqs_of(connection, account_id, shared)
        conditions.append(entries.c.seq == sa.any_(sa.cast(seqs, ARRAY(sa.BigInteger))))
    return conditions


def _other(account_id: int, row: sa.Row[Any]) -> int | None:
    """The account on the other side of the posting that the entry is of."""
    ends = (2, 0, 1) if row.amount > 0 else (2, 1, 0)
    others = [
        (posting[ends[0]] == abs(row.amount), posting[ends[1]])
        for posting in row.postings or ()
        if posting[ends[2]] == account_id
    ]
    return next((id_ for is_it, id_ in others if is_it), others[0][1] if others else None)


async def _addresses(connection: AsyncConnection, ids: set[int]) -> Mapping[int, str]:
    if not ids:
        return {}
    query = sa.select(accounts.c.id, accounts.c.code).where(accounts.c.id.in_(ids))
    return {row.id: address_of(row.id, row.code) for row in await connection.execute(query)}
