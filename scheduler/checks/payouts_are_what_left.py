"""A payout took from its wallet what its state says, once."""

from typing import Final

from payments.kernel.sql import load_sql
from scheduler.checks.check import Check, breaches_of

CHECK: Final = Check(
    name="payouts_are_what_left",
    proves="A paid payout took its amount from the wallet once; any other took nothing.",
    run=breaches_of(load_sql(__file__, "payouts_differ"), "payout"),
    is_audit_only=True,
)
