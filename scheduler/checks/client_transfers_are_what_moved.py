"""A transfer of the wallet service moved its amount, or nothing when it was refused."""

from typing import Final

from payments.kernel.sql import load_sql
from scheduler.checks.check import Check, breaches_of

CHECK: Final = Check(
    name="client_transfers_are_what_moved",
    proves="A processed client transfer moved its amount, a refused one moved nothing.",
    run=breaches_of(load_sql(__file__, "client_transfers_differ"), "client transfer"),
    is_audit_only=True,
)
