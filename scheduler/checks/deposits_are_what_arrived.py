"""A deposit booked what it says arrived, once."""

from typing import Final

from payments.kernel.sql import load_sql
from scheduler.checks.check import Check, breaches_of

CHECK: Final = Check(
    name="deposits_are_what_arrived",
    proves="What a deposit says was paid is what its evidence booked, in that currency.",
    run=breaches_of(load_sql(__file__, "deposits_differ"), "deposit"),
    is_audit_only=True,
)
