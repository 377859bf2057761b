"""Breaks as events tell them, whoever found or changed them."""

from datetime import datetime
from typing import Final

from payments.breaks.queries import break_view
from payments.breaks.tables import Break, BreakState
from payments.events.event import SYSTEM, Event
from payments.kernel.ids import new_id
from payments.operations.telling import Tells


def happened(before: Break | None, after: Break) -> str | None:
    """What became of it; None when it says what it said."""
    if before is None:
        return "opened"
    if before.state is not after.state:
        is_again = before.state is BreakState.RESOLVED
        return "reopened" if is_again else after.state.value
    if after.proposal is not None and after.proposal != before.proposal:
        return "resolution_proposed"
    if before.assignee != after.assignee:
        return "assigned"
    is_same = before.details == after.details and before.at_risk_minor == after.at_risk_minor
    return None if is_same else "changed"


def event_of(before: Break | None, after: Break, client: str, now: datetime) -> Event | None:
    """The event of a change that no operation makes."""
    word = happened(before, after)
    if word is None:
        return None
    return Event(
        id=f"evt_{new_id().hex}",
        type=f"break.{word}",
        operation_id=None,
        client=client or SYSTEM,
        data=break_view(after, now),
    )


TELLS: Final = Tells(
    record=Break,
    noun="break",
    view=lambda one, _state, now: break_view(one, now),
    happened=happened,
    words=("opened", "reopened", "assigned", "resolved", "changed", "resolution_proposed"),
)
