"""What the ledger says after a run, read as one state of the database."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from payments.kernel.database import Connection, connect

OWNERS_BELOW: Final = 64 << 56
"""Accounts of owners: wallets, bills, organizations, bank accounts. Above are our own."""


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
    balances: dict[int, int]
    pending: dict[int, int]
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
        "SELECT operation_id, account_id, amount FROM entries WHERE account_id < $1", OWNERS_BELOW
    )
    entries: dict[UUID, Counter[tuple[int, int]]] = defaultdict(Counter)
    for operation_id, account, minor in rows:
        entries[operation_id][account, minor] += 1
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
    return View(
        operations={r["id"]: _operation(dict(r)) for r in operations},
        entries=entries,
        balances={r["id"]: r["balance"] for r in accounts},
        pending={r["id"]: r["debits_pending"] for r in accounts},
        parked={r["operation_id"] for r in parked},
        payouts=[dict(r) for r in payouts],
        deposits=[dict(r) for r in deposits],
    )


def _operation(row: dict[str, Any]) -> Operation:
    return Operation(**{**row, "result": json.loads(row["result"])})
