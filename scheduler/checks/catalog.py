"""Every invariant, in the order they run.

Those that read Redis come first: PostgreSQL is seen as of the start of the snapshot, so a later
read of Redis would contain more changes that the snapshot does not have.
"""

from typing import Final

from scheduler.checks import (
    accepted_are_decided,
    applied_moved_money,
    balance_is_sum_of_entries,
    bank_books_balance,
    bank_payments_are_what_came,
    bills_are_their_transactions,
    clearing_is_settled,
    client_transfers_are_what_moved,
    decided_are_told,
    deposits_are_what_arrived,
    entries_belong_to_applied,
    history_is_unbroken,
    holds_are_what_was_captured,
    legs_sum_to_zero,
    marketplace_payments_add_up,
    money_sums_to_zero,
    no_guarded_account_below_zero,
    no_old_dead_letters,
    payout_holds_fit,
    payouts_are_what_left,
    pending_is_open_holds,
    postgres_not_behind,
    redis_not_behind,
    statement_accounts_are_booked,
    statements_count_their_lines,
    transactions_are_listed,
    transactions_are_what_moved,
    transfers_are_what_moved,
)
from scheduler.checks.check import Check

CHECKS: Final[tuple[Check, ...]] = (
    redis_not_behind.CHECK,
    postgres_not_behind.CHECK,
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
    transactions_are_what_moved.CHECK,
    transactions_are_listed.CHECK,
    transfers_are_what_moved.CHECK,
    holds_are_what_was_captured.CHECK,
    payouts_are_what_left.CHECK,
    deposits_are_what_arrived.CHECK,
    bank_payments_are_what_came.CHECK,
    statement_accounts_are_booked.CHECK,
    statements_count_their_lines.CHECK,
    marketplace_payments_add_up.CHECK,
    bills_are_their_transactions.CHECK,
    client_transfers_are_what_moved.CHECK,
    decided_are_told.CHECK,
    no_old_dead_letters.CHECK,
)
