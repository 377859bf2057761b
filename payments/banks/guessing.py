"""Limits wrong codes per account, over all its payments.

A limit of five per payment alone would let an attacker start one payment after another (ADR 0040).
"""

from datetime import datetime, timedelta
from typing import Final

from payments.banks.refusals import TOO_MANY_WRONG_CODES, Blocked
from payments.banks.tables import BankAccount
from payments.kernel.clock import rfc3339
from payments.operations.outcome import Refused

WRONG_CODES_MAX: Final = 30
WITHIN: Final = timedelta(hours=24)


def wrong_codes_left(account: BankAccount, now: datetime) -> int:
    """Wrong codes left before the account is blocked; the count is reset when the window ends."""
    if account.wrong_codes_since is None or now >= account.wrong_codes_since + WITHIN:
        return WRONG_CODES_MAX
    return WRONG_CODES_MAX - account.wrong_codes


def with_wrong_code(account: BankAccount, now: datetime) -> BankAccount:
    """The account with one more wrong code counted."""
    left = wrong_codes_left(account, now)
    since = now if left == WRONG_CODES_MAX else account.wrong_codes_since
    return account.changed(wrong_codes=WRONG_CODES_MAX - left + 1, wrong_codes_since=since)


def if_guessed(account: BankAccount, now: datetime) -> Refused | None:
    """The refusal of every attempt on a blocked account, also of the right code."""
    if account.wrong_codes_since is None or wrong_codes_left(account, now) > 0:
        return None
    until = account.wrong_codes_since + WITHIN
    return Refused(refusal=TOO_MANY_WRONG_CODES, result=Blocked(blocked_until=rfc3339(until)))
