"""Money is neither created nor lost: the sum over all accounts is zero."""

from typing import Final

from payments.kernel.money import CURRENCY_BY_NUMBER
from payments.kernel.sql import load_sql
from scheduler.checks.check import Breach, Check, Snapshot


async def run(snapshot: Snapshot) -> list[Breach]:
    """Sum the counters always; sum the entries only when all of them are checked."""
    breaches = [
        Breach(
            f"book {row['book']}, {row['currency']}",
            f"the accounts are off by {row['off_by']} minor units",
        )
        for row in await snapshot.rows(load_sql(__file__, "accounts_by_currency"))
    ]
    if snapshot.since is None:
        for row in await snapshot.rows(load_sql(__file__, "entries_by_currency")):
            currency = CURRENCY_BY_NUMBER.get(row["currency"])
            name = currency.code if currency else f"currency {row['currency']}"
            detail = f"the entries are off by {row['off_by']} minor units"
            breaches.append(Breach(f"book {row['book']}, {name}", detail))
    return breaches


CHECK: Final = Check(
    name="money_sums_to_zero",
    proves="In every book and currency all accounts, and all entries, sum to zero.",
    run=run,
)
