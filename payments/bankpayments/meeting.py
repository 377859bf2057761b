"""Where a webhook and a line of a statement meet: the same payment, told twice by the bank.

Both say the payer, the document's number and its day. `PAY-328` of a webhook is `328` of a
statement, and a document's day is a day in Moscow, whatever zone the webhook writes it in.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from payments.bankpayments.tables import BankPayment
from payments.operations.operation import State
from payments.operations.record import Ref

MOSCOW: Final = ZoneInfo("Europe/Moscow")
TWINS_MAX: Final = 3
"""As many payments of one payer, number and day are told apart."""
_NUMBER: Final = re.compile(r"[0-9]+\Z")


def payer_of(inn: str) -> str:
    """The payer as both sides write it: without a KPP, and `0` for nobody known."""
    return inn.partition("/")[0].strip() or "0"


@lru_cache(maxsize=4096)  # asked several times while a line is decided
def meeting_of(inn: str, number: str, document_date: datetime) -> str:
    """What both sides say of a payment."""
    digits = _NUMBER.search(number.strip())
    plain = digits[0].lstrip("0") if digits is not None else number.strip().casefold()
    return f"{payer_of(inn)}:{plain}:{document_date.astimezone(MOSCOW).date()}"


@lru_cache(maxsize=4096)
def places_of(meeting: str) -> tuple[str, ...]:
    """The places of the payments that are told apart."""
    return tuple(f"{meeting}:{n}" for n in range(1, TWINS_MAX + 1))


def meeting_refs(meeting: str) -> Iterable[Ref]:
    """The payments that may be it."""
    return (Ref(BankPayment, place, "meeting") for place in places_of(meeting))


def at_meeting(meeting: str, state: State) -> list[BankPayment]:
    """The payments that are there, in the order they came."""
    found = (state.record(BankPayment, place, by="meeting") for place in places_of(meeting))
    return [one for one in found if one is not None]


def free_meeting(meeting: str, present: int) -> str | None:
    """The place of one more; None when there are too many to tell apart."""
    return f"{meeting}:{present + 1}" if present < TWINS_MAX else None


def awaits_webhook(payment: BankPayment) -> bool:
    """It came with a statement, and no webhook has told of it yet."""
    return payment.id == payment.line_id and payment.webhook_id is None


def awaits_line(payment: BankPayment) -> bool:
    """It came with a webhook, and no statement has it yet."""
    return payment.line_id is None
