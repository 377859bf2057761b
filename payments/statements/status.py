"""States of a line of a statement."""

import enum


class LineState(enum.Enum):
    """What became of a line in our books."""

    NEW = "new"
    """Kept; its operation is not decided yet."""
    MATCHED = "matched"
    """It meets one thing of ours, and no other line does."""
    THEIRS_ONLY = "theirs_only"
    """We had nothing like it: it was booked as a bank payment of its own, or as unexplained."""
    FEE = "fee"
