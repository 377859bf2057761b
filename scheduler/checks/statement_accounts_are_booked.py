"""Our accounts at banks hold what the newest statement says they hold."""

from typing import Final

from payments.kernel.sql import load_sql
from scheduler.checks.check import Check, breaches_of

CHECK: Final = Check(
    name="statement_accounts_are_booked",
    proves="An account at a bank holds what its lines sum to, up to the newest closing balance.",
    run=breaches_of(load_sql(__file__, "statement_accounts_differ"), "account at a bank"),
    is_audit_only=True,
)
