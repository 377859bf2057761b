"""What every reader gives: statements of an account, with their lines. Whole minor units only."""

import enum
from collections.abc import Sequence
from datetime import date, datetime, timedelta

import msgspec

from payments.kernel.errors import InvalidBody


class InvalidStatement(InvalidBody):
    """The file is not a statement that can be imported."""

    code = "invalid_statement"


class LineKind(enum.Enum):
    """What a line is, as far as the file says it."""

    PAYMENT = "payment"
    FEE = "fee"
    """What the bank or the provider takes for its service."""
    RETURN = "return"
    """An earlier movement undone: its sign is the other one's opposite."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A booked movement of the account.

    `row`: the line of the file it begins on. `posted`: the day the bank booked it, in the bank's
    calendar. `minor`: signed, above zero when the account received it. `fee_minor`: what was kept
    back of it. `number`, `document_date`: the payment document's. `reference`: what we or the payer
    wrote for finding it again. `bank_id`: the bank's own id of the movement, empty where the format
    has none that is unique.
    """

    row: int
    posted: date
    minor: int
    kind: LineKind = LineKind.PAYMENT
    fee_minor: int = 0
    number: str = ""
    document_date: date | None = None
    counterparty: str = ""
    counterparty_account: str = ""
    inn: str = ""
    purpose: str = ""
    reference: str = ""
    bank_id: str = ""
    reason: str = ""
    operated_at: datetime | None = None


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """An account from `begins` to `ends`; a settlement file has no balances.

    `is_continued`: its first page follows a page of an earlier file. `pending`: entries of the file
    that are not booked yet and so are no lines. `made`: the day the bank wrote the file, where it
    says so.
    """

    account: str
    currency: str
    begins: date
    ends: date
    opening_minor: int | None
    closing_minor: int | None
    lines: Sequence[Line]
    is_continued: bool = False
    pending: int = 0
    made: date | None = None

    @property
    def final_until(self) -> date:
        """The last day that was over when the file was made: nothing of it is still to come."""
        if self.made is None or self.made > self.ends:
            return self.ends
        return self.made - timedelta(days=1)

    @property
    def received_minor(self) -> int:
        """The sum of what came in."""
        return sum(line.minor for line in self.lines if line.minor > 0)

    @property
    def sent_minor(self) -> int:
        """The sum of what went out, above zero."""
        return -sum(line.minor for line in self.lines if line.minor < 0)

    @property
    def fee_minor(self) -> int:
        """What was kept back of the lines."""
        return sum(line.fee_minor for line in self.lines)
