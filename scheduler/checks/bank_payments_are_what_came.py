"""A reported bank payment was booked once and credited to its organization once."""

from typing import Final

from payments.kernel.sql import load_sql
from scheduler.checks.check import Check, breaches_of

CHECK: Final = Check(
    name="bank_payments_are_what_came",
    proves="A bank payment was booked once; credited means one balance change of its amount.",
    run=breaches_of(load_sql(__file__, "bank_payments_differ"), "payment"),
    is_audit_only=True,
)
