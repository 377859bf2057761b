"""SuperPay's registry of a day, with the lines that moved nothing."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

import msgspec

PAID: Final = "paid"
RETURNED: Final = "returned"
MOVED: Final = frozenset({PAID, RETURNED})


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the registry."""

    line_id: str
    transaction_id: str
    merchant_id: int
    kind: str
    status: str
    minor: int
    currency: str
    operated_at: datetime

    @property
    def name(self) -> str:
        """Identifies the line; a `line_id` is unique only within a provider's day."""
        return f"{self.operated_at.date()}:{self.line_id}"


class Registry(msgspec.Struct, frozen=True, kw_only=True):
    """A parsed registry file: its day, whether more lines may come, its lines, and the raw file."""

    provider: str
    day: date
    is_closed: bool
    generated_at: datetime
    lines: Sequence[Line]
    raw: bytes
