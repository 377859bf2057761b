"""A line of a statement, as every reader gives it. Whole minor units only."""

import enum
from datetime import date, datetime

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
