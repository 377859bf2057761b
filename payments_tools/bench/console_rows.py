"""Rows that pages read: payouts in every state, one in a thousand of them in doubt, and breaks."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from payments.breaks.tables import BreakKind, BreakState, breaks, new_break
from payments.kernel.clock import utc_now
from payments.kernel.database import Connection
from payments.kernel.ids import new_id
from payments.operations.record import Record
from payments.payouts.status import WATCHED, PayoutState
from payments.payouts.tables import payouts

_RARE: Final = 1000
_BREAKS: Final = 1000
_COMMON: Final = (PayoutState.PAID, PayoutState.PAID, PayoutState.PAID, PayoutState.FAILED)
_CHUNK: Final = 10_000


async def fill_rows(connection: Connection, wallets: Sequence[int], count: int) -> None:
    """Write `count` payouts, a second apart, and a break for each that needs an operator."""
    now = utc_now()
    columns = [column.name for column in payouts.columns]
    rows: list[tuple[Any, ...]] = []
    for row in _payouts(wallets, count, now):
        rows.append(tuple(row.get(name) for name in columns))
        if len(rows) == _CHUNK:
            await connection.copy_records_to_table("payouts", columns=columns, records=rows)
            rows = []
    await connection.copy_records_to_table("payouts", columns=columns, records=rows)
    for number in range(min(_BREAKS, count)):
        await _add_break(connection, number, now)


def _payouts(wallets: Sequence[int], count: int, now: datetime) -> Iterator[dict[str, Any]]:
    unended = sorted(WATCHED, key=lambda state: state.value)
    for number in range(count):
        is_rare = number % _RARE == 0
        state = unended[number // _RARE % len(unended)] if is_rare else _COMMON[number % 4]
        at = now - timedelta(seconds=count - number)
        yield {
            "id": new_id(),
            "merchant_id": 10**9 + number,
            "wallet_id": wallets[number % len(wallets)],
            "superpay_wallet_id": "W-1001",
            "minor": 1000 + number,
            "currency": "RUB",
            "description": f"payout {number}",
            "state": state.value,
            "reason": None,
            "version": 0,
            "provider_id": f"sp-{number}",
            "provider_version": 1,
            "checks": 0,
            "checked_at": at,
            "state_since": at,
            "proposal": None,
            "requested_by": "client:bench",
            "created_at": at,
            "updated_at": at,
            "ended_at": None if state in WATCHED else at,
        }


async def _add_break(connection: Connection, number: int, now: datetime) -> None:
    made: Record = new_break(
        "superpay",
        BreakKind.AMOUNT_MISMATCH,
        f"bench {number}",
        merchant_id=10**9 + number,
        subject_id=None,
        at_risk=(1000, "RUB"),
        details={"ours": "10.00", "theirs": "10.01"},
        found_by="bench",
        now=now,
    )
    assert made.table is breaks
    is_open = number % 10 == 0
    await connection.execute(
        """INSERT INTO breaks (id, provider, kind, severity, state, at_risk_minor, currency,
           details, found_by, opened_at, resolved_at)
           VALUES ($1, 'superpay', 'amount_mismatch', 'high', $2, 1000, 'RUB', '{}', 'bench',
           $3, $4)""",
        made.key(),
        (BreakState.OPEN if is_open else BreakState.RESOLVED).value,
        now - timedelta(seconds=number),
        None if is_open else now,
    )
