"""The history of an account has no gap and no jump, so a balance at any time is reliable."""

from typing import Final

from payments.kernel.sql import load_sql
from scheduler.checks.check import Breach, Check, Snapshot
from scheduler.checks.legs_sum_to_zero import BEGINNING


async def run(snapshot: Snapshot) -> list[Breach]:
    """Compare each entry with the one before it."""
    rows = await snapshot.rows(load_sql(__file__, "broken_history"), snapshot.since or BEGINNING)
    return [
        Breach(f"account {row['account_id']}, entry {row['seq']}", _detail(row)) for row in rows
    ]


def _detail(row: object) -> str:
    values = dict(row)  # type: ignore[call-overload]
    if values["has_gap"]:
        return "the entry before it is missing"
    if values["is_earlier"]:
        return "it is older than the entry before it"
    return f"its balance {values['balance']} is not {values['before']} {values['amount']:+d}"


CHECK: Final = Check(
    name="history_is_unbroken",
    proves="In an account no entry is missing or older than the one before, and balances follow.",
    run=run,
)
