"""The counters of an account agree with its entries."""

from typing import Final

from payments.kernel.sql import load_sql
from scheduler.checks.check import Breach, Check, Snapshot


async def run(snapshot: Snapshot) -> list[Breach]:
    """Sum all entries; with `since` only the newest entry, as `history_is_unbroken` proves the
    rest.
    """
    return await (_whole(snapshot) if snapshot.since is None else _newest(snapshot))


async def _whole(snapshot: Snapshot) -> list[Breach]:
    rows = await snapshot.rows(load_sql(__file__, "balances_of_entries"))
    return [
        Breach(
            f"account {row['code'] or row['id']}",
            f"counters: debits {row['debits_posted']}, credits {row['credits_posted']}, "
            f"{row['version']} entries; entries: debits {row['debits']}, credits {row['credits']}, "
            f"{row['entries']} up to number {row['last_seq']}, {row['currencies']} currencies",
        )
        for row in rows
    ]


async def _newest(snapshot: Snapshot) -> list[Breach]:
    rows = await snapshot.rows(load_sql(__file__, "balances_of_newest_entries"), snapshot.since)
    return [
        Breach(
            f"account {row['code'] or row['id']}",
            f"counters: balance {row['counted']}, {row['version']} entries; "
            f"newest entry: balance {row['balance']}, number {row['last_seq']}",
        )
        for row in rows
    ]


CHECK: Final = Check(
    name="balance_is_sum_of_entries",
    proves="Each account's debits, credits and version are the sums and the count of its entries.",
    run=run,
)
