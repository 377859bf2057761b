"""What all who hold money share (payouts too): opening a hold, taking from it, letting it go."""

from datetime import datetime
from typing import Final

from payments.holds.tables import Hold
from payments.kernel.sql import load_sql
from payments.ledger import chart
from payments.ledger.posting import Reserve
from payments.operations.lapse import Lapsing


def is_over(hold: Hold, moment: datetime) -> bool:
    """True when its time is over for what was accepted at that moment, swept or not."""
    return hold.expires_at is not None and hold.expires_at <= moment


def captured(hold: Hold, minor: int, now: datetime, *, is_final: bool) -> tuple[Hold, Reserve]:
    """The hold after taking `minor`; `is_final` lets the rest go. Pending debits fall by both."""
    released = hold.left - minor if is_final else 0
    closed_at = now if minor + released == hold.left else None
    after = hold.changed(
        captured_minor=hold.captured_minor + minor,
        released_minor=hold.released_minor + released,
        closed_at=closed_at,
    )
    return after, Reserve(chart.wallet(hold.wallet_id), -(minor + released))


def released(hold: Hold, now: datetime) -> tuple[Hold, Reserve]:
    """The hold after letting all that is left of it go."""
    after = hold.changed(released_minor=hold.released_minor + hold.left, closed_at=now)
    return after, Reserve(chart.wallet(hold.wallet_id), -hold.left)


def ends_at(hold: Hold) -> datetime | None:
    """When an open hold ends by itself."""
    return hold.expires_at if hold.closed_at is None else None


def ended(hold: Hold) -> tuple[Hold, Reserve]:
    """The hold after its end: dated by its time, however late somebody writes it."""
    return released(hold, hold.expires_at or hold.created_at)


LAPSING: Final = Lapsing(
    type=Hold,
    query=load_sql(__file__, "ending_holds"),
    account=lambda hold: chart.wallet(hold.wallet_id),
    ends_at=ends_at,
    close=ended,
)
