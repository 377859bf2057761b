"""Why an operation of `statements` is refused."""

from typing import Final

from payments.operations.outcome import Refusal, Result


class Sums(Result, frozen=True, kw_only=True):
    """What the lines sum to, what the subjects sum to, and the difference."""

    lines: str
    subjects: str
    difference: str


LINE_NOT_FOUND: Final = Refusal(
    "line_not_found",
    404,
    "There is no such line of a statement.",
)
LINE_BOOKED: Final = Refusal(
    "line_booked",
    409,
    "The line is booked already.",
)
ITEM_CLAIMED: Final = Refusal(
    "item_claimed",
    409,
    "A line or a subject is claimed already. Look at the lines again and name others.",
)
LINE_EXPLAINED: Final = Refusal(
    "line_explained",
    409,
    "A line is explained already: only lines that nobody has explained can be claimed.",
)
SUMS_DIFFER: Final = Refusal(
    "sums_differ",
    409,
    "The lines and the subjects have different sums. Name others, or allow a `drift`.",
    carries=Sums,
)
