"""A bill's balance is its top-ups minus its purchases."""

from typing import Final

from payments.kernel.sql import load_sql
from scheduler.checks.check import Check, breaches_of

CHECK: Final = Check(
    name="bills_are_their_transactions",
    proves="A bill's balance is the sum of its transactions, each of them with its entry.",
    run=breaches_of(load_sql(__file__, "bills_differ"), "bill"),
    is_audit_only=True,
)
