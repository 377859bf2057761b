"""What a statement says of the number of its lines is what counting them gives."""

from typing import Final

from payments.kernel.sql import load_sql
from scheduler.checks.check import Check, breaches_of

CHECK: Final = Check(
    name="statements_count_their_lines",
    proves="A statement's lines by state and its open breaks are stored as counting gives them.",
    run=breaches_of(load_sql(__file__, "statement_tallies_differ"), "statement"),
    is_audit_only=True,
)
