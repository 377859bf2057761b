"""A hold's captured amount is what its captures took from the wallet."""

from typing import Final

from payments.kernel.sql import load_sql
from scheduler.checks.check import Check, breaches_of

CHECK: Final = Check(
    name="holds_are_what_was_captured",
    proves="A hold's captured amount is the sum of its captures; open, it released nothing.",
    run=breaches_of(load_sql(__file__, "holds_differ"), "hold"),
    is_audit_only=True,
)
