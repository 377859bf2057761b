"""What all who hold money share (payouts too): opening a hold, taking from it, letting it go."""

from datetime import datetime

from payments.holds.tables import Hold
from payments.ledger import chart
from payments.ledger.posting import Reserve


def is_over(hold: Hold, now: datetime) -> bool:
    """True when its time is over; to its owner it is closed then, before the sweep has been."""
    return hold.expires_at is not None and hold.expires_at <= now


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
