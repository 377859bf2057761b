"""Holds as events tell them; those that payouts make have no GET and no events."""

from datetime import datetime
from typing import Final

from payments.holds.queries import HoldView, hold_view
from payments.holds.tables import Hold
from payments.operations.operation import State
from payments.operations.telling import Tells

EXPIRED: Final = "expired"


def happened(before: Hold | None, after: Hold) -> str | None:
    """A hold that ended by its time, whoever noticed; what clients do has its operation's word."""
    is_ended = after.closed_at is not None and after.closed_at == after.expires_at
    return EXPIRED if before is not None and before.closed_at is None and is_ended else None


def view(hold: Hold, _state: State, now: datetime) -> HoldView | None:
    """The hold as its GET gives it."""
    return hold_view(hold, now) if hold.purpose == "hold" else None


TELLS: Final = Tells(record=Hold, noun="hold", view=view, happened=happened, words=(EXPIRED,))
