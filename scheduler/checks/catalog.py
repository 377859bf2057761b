"""Every invariant there is, in the order they run.

Those that look at Redis come first: PostgreSQL is seen as it was when the snapshot began, so the
later Redis is read, the more of it would be news.
"""

from typing import Final

from scheduler.checks import (
    accepted_are_decided,
    applied_moved_money,
    balance_is_sum_of_entries,
    bank_books_balance,
    clearing_is_settled,
    entries_belong_to_applied,
    history_is_unbroken,
    legs_sum_to_zero,
    money_sums_to_zero,
    no_guarded_account_below_zero,
    no_old_dead_letters,
    payout_holds_fit,
    pending_is_open_holds,
    redis_not_behind,
)
from scheduler.checks.check import Check

CHECKS: Final[tuple[Check, ...]] = (
    redis_not_behind.CHECK,
    accepted_are_decided.CHECK,
    money_sums_to_zero.CHECK,
    legs_sum_to_zero.CHECK,
    bank_books_balance.CHECK,
    balance_is_sum_of_entries.CHECK,
    history_is_unbroken.CHECK,
    entries_belong_to_applied.CHECK,
    applied_moved_money.CHECK,
    no_guarded_account_below_zero.CHECK,
    pending_is_open_holds.CHECK,
    payout_holds_fit.CHECK,
    clearing_is_settled.CHECK,
    no_old_dead_letters.CHECK,
)
