"""What every reader gives: statements of an account, with their lines."""

from datetime import date, timedelta

import msgspec

from payments.statements.lines import Lines


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
    lines: Lines
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
        return self.lines.received_minor

    @property
    def sent_minor(self) -> int:
        """The sum of what went out, above zero."""
        return self.lines.sent_minor

    @property
    def fee_minor(self) -> int:
        """What was kept back of the lines."""
        return self.lines.fee_minor
