"""Bank accounts moved by the payments and refunds in their tables."""

from typing import Final

from payments.kernel.sql import load_sql
from scheduler.checks.check import Check, breaches_of

CHECK: Final = Check(
    name="marketplace_payments_add_up",
    proves="Bank accounts were moved by payments and refunds as those say, fee included.",
    run=breaches_of(load_sql(__file__, "marketplace_payments_differ"), "account"),
    is_audit_only=True,
)
