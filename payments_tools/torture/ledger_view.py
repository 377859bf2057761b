"""The ledger after a run, read in one snapshot of the database."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from payments.kernel.database import Connection, connect

OWNERS_BELOW: Final = 64 << 56
"""Ids below are accounts of owners: wallets, bills, organizations, bank accounts."""
SWEEP_LIMIT_S: Final = 30.0
"""How long after its time a hold may still be open: the sweep runs every few seconds."""


@dataclass(frozen=True)
class Operation:
    """A stored outcome."""

    id: UUID
    kind: str
    actor: str
    status: str
    reason: str | None
    result: dict[str, Any]


@dataclass
class View:
    """Outcomes, what they moved on owners' accounts, balances, and what was parked."""

    operations: dict[UUID, Operation]
    entries: dict[UUID, Counter[tuple[int, int]]]
    """Of each operation: (account, amount) and how often."""
    after: dict[tuple[UUID, int], int]
    """Of each operation and account: the balance after its last entry there."""
    lowest: dict[int, int]
    """The lowest balance each account had after any of its entries."""
    balances: dict[int, int]
    pending: dict[int, int]
    holds: list[dict[str, Any]]
    parked: set[UUID]
    payouts: list[dict[str, Any]]
    deposits: list[dict[str, Any]]


async def look(database_url: str) -> View:
    """Everything, in one REPEATABLE READ transaction."""
    connection = await connect(database_url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return await _read(connection)
    finally:
        await connection.close()


async def _read(connection: Connection) -> View:
    operations = await connection.fetch(
        "SELECT id, kind, actor, status, reason, result FROM operations"
    )
    rows = await connection.fetch(
        "SELECT operation_id, account_id, amount, balance FROM entries WHERE account_id < $1"
        " ORDER BY account_id, seq",
        OWNERS_BELOW,
    )
    entries: dict[UUID, Counter[tuple[int, int]]] = defaultdict(Counter)
    after: dict[tuple[UUID, int], int] = {}
    lowest: dict[int, int] = {}
    for operation_id, account, minor, balance in rows:
        entries[operation_id][account, minor] += 1
        after[operation_id, account] = balance
        lowest[account] = min(balance, lowest.get(account, balance))
    accounts = await connection.fetch(
        "SELECT id, credits_posted - debits_posted AS balance, debits_pending "
        "FROM accounts WHERE id < $1",
        OWNERS_BELOW,
    )
    parked = await connection.fetch("SELECT operation_id FROM dead_letters WHERE state = 'parked'")
    payouts = await connection.fetch(
        "SELECT id, merchant_id, wallet_id, minor, state, description, EXISTS (SELECT FROM"
        " payout_attempts a WHERE a.payout_id = p.id AND a.last_sent_at > now()) AS is_ahead"
        " FROM payouts p"
    )
    deposits = await connection.fetch(
        "SELECT id, merchant_id, wallet_id, paid_minor, state, description FROM deposits"
    )
    holds = await connection.fetch(
        "SELECT id, wallet_id, purpose, minor, created_at, closed_at,"
        " expires_at < now() - make_interval(secs => $1) AS is_overdue FROM holds",
        SWEEP_LIMIT_S,
    )
    return View(
        operations={r["id"]: _operation(dict(r)) for r in operations},
        entries=entries,
        after=after,
        lowest=lowest,
        balances={r["id"]: r["balance"] for r in accounts},
        pending={r["id"]: r["debits_pending"] for r in accounts},
        holds=[dict(r) for r in holds],
        parked={r["operation_id"] for r in parked},
        payouts=[dict(r) for r in payouts],
        deposits=[dict(r) for r in deposits],
    )


def _operation(row: dict[str, Any]) -> Operation:
    return Operation(**{**row, "result": json.loads(row["result"])})
