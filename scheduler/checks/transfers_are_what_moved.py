"""A transfer moved its amount, and its reversals moved what went back."""

from typing import Final

from payments.kernel.sql import load_sql
from scheduler.checks.check import Check, breaches_of

CHECK: Final = Check(
    name="transfers_are_what_moved",
    proves="A transfer moved its amount; its reversed amount is the sum of its reversals.",
    run=breaches_of(load_sql(__file__, "transfers_differ"), "transfer"),
    is_audit_only=True,
)
