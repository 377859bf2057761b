"""Optional webhook fields that change the meaning of a payment: currency, direction, status.

The senders' documents do not mention them. They are checked if present: a payment in another
currency, a debit or a failed payment must not be credited as roubles received.
"""

from typing import Annotated, Final

import msgspec

from payments.kernel.errors import PaymentsError

_WORD_MAX: Final = 100
_Word = Annotated[str, msgspec.Meta(max_length=_WORD_MAX)]
CURRENCIES: Final = ("RUB", "RUR", "643", "810")
"""Codes of the rouble: those of ISO 4217, and the older ones that Russian banks still use."""
DIRECTIONS: Final = ("credit", "in", "incoming", "inbound", "income")
STATUSES: Final = (
    *("success", "succeeded", "successful", "ok", "completed", "complete", "done"),
    *("executed", "processed", "paid", "credited", "settled", "confirmed"),
)


class NotARoubleCredit(PaymentsError):
    """This is not a credit in roubles that succeeded; nothing was credited."""

    status = 422
    code = "not_a_rouble_credit"


class CreditBody(msgspec.Struct, frozen=True, kw_only=True):
    """Base of a webhook's body; null means the same as a missing field."""

    currency: _Word | int | None = None
    direction: _Word | None = None
    status: _Word | None = None

    def check_rouble_credit(self) -> None:
        """Raise 422 `not_a_rouble_credit` unless the present fields mean roubles received."""
        said = (
            ("currency", self.currency, CURRENCIES),
            ("direction", self.direction, DIRECTIONS),
            ("status", self.status, STATUSES),
        )
        errors = [
            {"field": field, "message": f"{str(word)[:40]!r} is none of {', '.join(ours)}"}
            for field, word, ours in said
            if word is not None and str(word).casefold() not in {one.casefold() for one in ours}
        ]
        if errors:
            raise NotARoubleCredit(errors=errors)
