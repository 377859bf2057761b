"""The stream of transactions is what the entries say."""

from typing import Final

from payments.kernel.sql import load_sql
from scheduler.checks.check import Check, breaches_of

CHECK: Final = Check(
    name="transactions_are_what_moved",
    proves="What moved money is one transaction each, and its postings are what its entries say.",
    run=breaches_of(load_sql(__file__, "transactions_differ"), "operation"),
    is_audit_only=True,
)
