"""Lists by kind, caller and currency leave no transaction out."""

from typing import Final

from payments.kernel.sql import load_sql
from scheduler.checks.check import Check, breaches_of

CHECK: Final = Check(
    name="transactions_are_listed",
    proves="The time of each transaction has its kind, its caller and its currency on record.",
    run=breaches_of(load_sql(__file__, "transactions_without_traits"), "transaction"),
    is_audit_only=True,
)
