"""Every bank's book balances on its own, and what the banks owe each other cancels out."""

from typing import Final

from payments.kernel.sql import load_sql
from payments.ledger.chart import Kind
from scheduler.checks.check import BREACHES_MAX, Breach, Check, Snapshot


async def run(snapshot: Snapshot) -> list[Breach]:
    """Compare counters, which are few: each book, clearing over all books, fees by payment."""
    books = await snapshot.rows(load_sql(__file__, "unbalanced_bank_books"), BREACHES_MAX)
    clearing = await snapshot.rows(
        load_sql(__file__, "clearing_mismatch"), Kind.BANK_CLEARING.value
    )
    fees = await snapshot.rows(
        load_sql(__file__, "fees_mismatch"), Kind.BANK_FEES.value, BREACHES_MAX
    )
    return [
        *(
            Breach(f"bank {r['book']}, {r['currency']}", f"its book is off by {r['off_by']} minor")
            for r in books
        ),
        *(
            Breach(f"clearing, {r['currency']}", f"the banks disagree by {r['off_by']} minor units")
            for r in clearing
        ),
        *(
            Breach(f"bank {r['bank_id']}", f"booked fees {r['booked']}, earned {r['earned']}")
            for r in fees
        ),
    ]


CHECK: Final = Check(
    name="bank_books_balance",
    proves="Each bank's book sums to zero on its own; clearing accounts mirror each other.",
    run=run,
)
