"""Ways to break the data: SQL statements, and the checks that must report them."""

from datetime import UTC, datetime
from uuid import UUID

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
NOBODY = UUID(int=7)

HOUSE = "(SELECT id FROM accounts WHERE code = 'opening:RUB')"


def new_entry(account: str, minor: int) -> str:
    """One more entry of an account, under an operation that nobody knows, with its counters."""
    side = "credits_posted" if minor > 0 else "debits_posted"
    return f"""
        WITH last AS (SELECT * FROM entries WHERE account_id = {account} ORDER BY seq DESC LIMIT 1),
             more AS (UPDATE accounts SET version = version + 1, {side} = {side} + {abs(minor)}
                       WHERE id = {account})
        INSERT INTO entries
               (account_id, seq, amount, balance, recorded_at, operation_id, book, currency)
        SELECT account_id, seq + 1, {minor}, balance + {minor}, recorded_at, '{NOBODY}',
               book, currency
          FROM last
    """


OTHER_OPERATION = """
    UPDATE entries SET operation_id =
           (SELECT operation_id FROM entries WHERE account_id = 2 AND seq = 2)
     WHERE account_id = 2 AND seq = 1
"""
TRANSFER_ALONE = """
    INSERT INTO transfers SELECT * FROM transfers WHERE minor = 300
"""
"""A copy outside of the row that it shares with its transaction."""
TRANSFER_WITHOUT_ENTRIES = f"""
    WITH event AS (INSERT INTO event_batches (written_at, event_count, events)
                   VALUES (now(), 1, '[["transfer.applied", "{NOBODY}", "x", {{}}]]'))
    INSERT INTO operations (id, kind, digest, actor, status, result, accepted_at, decided_at)
    VALUES ('{NOBODY}', 'transfer.create', '', 'x', 'applied', '{{}}', now(), now())
"""
OLD_LETTERS = f"""
    INSERT INTO dead_letters (stream, partition, stream_id, payload, error, attempts, parked_at)
    SELECT 'intents', 0, g || '-1', '', 'x', 1, '{LONG_AGO}' FROM generate_series(1, 100) AS g
"""
BANK_ACCOUNT = f"""
    INSERT INTO accounts (id, code, currency, book, guard, credits_posted)
    VALUES ({72 << 56}, 'bank_fees', 'RUB', 1, 0, 5)
"""
CLEARING_ACCOUNT = f"""
    INSERT INTO accounts (id, code, currency, guard, credits_posted)
    VALUES ({69 << 56}, 'superpay_clearing:RUB', 'RUB', 0, 5)
"""
PAYOUT = f"""
    WITH hold AS (
        INSERT INTO holds (id, wallet_id, purpose, minor, captured_minor, currency, description,
                           created_at, closed_at)
        VALUES ('{NOBODY}', 1, 'payout', 7, 7, 'RUB', '', now(), now()))
    INSERT INTO payouts (id, merchant_id, wallet_id, superpay_wallet_id, minor, currency,
                         description, state, version, provider_version, checks, checked_at,
                         state_since, requested_by, created_at, updated_at, ended_at)
    VALUES ('{NOBODY}', 1, 1, 'sp', 7, 'RUB', '', 'paid', 1, 0, 0, now(), now(), 'x', now(), now(),
            now())
"""
DEPOSIT = f"""
    INSERT INTO deposits (id, merchant_id, wallet_id, minor, currency, description, success_url,
                          failure_url, locale, state, paid_minor, paid_currency, version,
                          provider_version, checks, checked_at, requested_by, created_at,
                          updated_at)
    VALUES ('{NOBODY}', 1, 1, 7, 'RUB', '', '', '', 'en', 'credited', 7, 'RUB', 1, 0, 0, now(), 'x',
            now(), now())
"""
BANK_PAYMENT = f"""
    INSERT INTO organization_payments (id, operation_id, payer_inn, minor, currency,
                                       document_number, document_date, status, received_at)
    VALUES ('{NOBODY}', '{NOBODY}', '1234567890', 7, 'RUB', '', now(), 'unmatched', now())
"""
MARKETPLACE_PAYMENT = f"""
    INSERT INTO bank_payments (id, operation_key, marketplace_id, customer_account_id,
                               customer_bank_id, seller_account_id, seller_bank_id, minor,
                               fee_minor, refund_fee, status, code_hash, attempts, expires_at,
                               created_at, paid_at)
    VALUES ('{NOBODY}', 'k', 1, 1, 1, 2, 1, 7, 0, 'return', 'success', sha256(''), 0, now(), now(),
            now())
"""
BILL_TRANSACTION = f"""
    INSERT INTO bill_transactions (id, operation_id, user_id, bill_id, kind, minor, balance,
                                   currency, transaction_id, created_at)
    VALUES (1, '{NOBODY}', 1, 1, 'topup', 7, 7, 'RUB', 1, now())
"""
CLIENT_TRANSFER = f"""
    INSERT INTO client_transfers (id, operation_id, user_id, source_wallet_id,
                                  destination_wallet_id, minor, currency, created_at)
    VALUES (1, '{NOBODY}', 1, 1, 2, 7, 'USD', now())
"""
BANK_LINE = f"""
    WITH known AS (
        INSERT INTO statement_accounts (account, currency, created_at) VALUES ('x', 'RUB', now()))
    INSERT INTO statement_lines (id, account, currency, likeness, twin, statement_id, row, posted,
                                 minor, fee_minor, kind, number, counterparty,
                                 counterparty_account, inn, purpose, reference, bank_id, reason,
                                 state)
    VALUES ('{NOBODY}', 'x', 'RUB', '', 1, '{NOBODY}', 1, now(), 7, 0, 'payment', '', '', '', '',
            '', '', '', '', 'matched')
"""
TALLY = f"""
    INSERT INTO statement_tallies (statement_id, word, delta) VALUES ('{NOBODY}', 'matched', 1)
"""
SECOND_ENTRY = "WHERE account_id = 2 AND seq = 2"

CASES = {
    "an operation lost its event": (
        ["DELETE FROM event_batches WHERE id = (SELECT max(id) FROM event_batches)"],
        {"decided_are_told"},
    ),
    "an operation has its event twice": (
        [
            """INSERT INTO event_batches (written_at, event_count, events)
               SELECT written_at, event_count, events FROM event_batches ORDER BY id LIMIT 1"""
        ],
        {"decided_are_told"},
    ),
    "an event is about no operation": (
        [
            f"""INSERT INTO event_batches (written_at, event_count, events)
                SELECT now(), 1, '[["transfer.applied", "{NOBODY}", "x", {{}}]]'"""
        ],
        {"decided_are_told"},
    ),
    "a counter is higher than its entries": (
        ["UPDATE accounts SET credits_posted = credits_posted + 1 WHERE id = 2"],
        {"money_sums_to_zero", "balance_is_sum_of_entries"},
    ),
    "both sides of an account are too high": (
        ["UPDATE accounts SET credits_posted = credits_posted + 1, debits_posted = 1 WHERE id = 2"],
        {"balance_is_sum_of_entries"},
    ),
    "an entry says another amount": (
        [f"UPDATE entries SET amount = amount + 1, balance = balance + 1 {SECOND_ENTRY}"],
        {
            "money_sums_to_zero",
            "legs_sum_to_zero",
            "balance_is_sum_of_entries",
            "transactions_are_what_moved",
        },
    ),
    "a leg stands under another operation": (
        [OTHER_OPERATION],
        {"legs_sum_to_zero", "transfers_are_what_moved", "transactions_are_what_moved"},
    ),
    "an entry's balance is wrong": (
        ["UPDATE entries SET balance = balance + 1 WHERE account_id = 2 AND seq = 1"],
        {"history_is_unbroken"},
    ),
    "an entry is older than the one before": (
        [f"UPDATE entries SET recorded_at = '{LONG_AGO}' {SECOND_ENTRY}"],
        {"history_is_unbroken"},
    ),
    "an entry is missing": (
        ["DELETE FROM entries WHERE account_id = 2 AND seq = 1"],
        {
            "money_sums_to_zero",
            "legs_sum_to_zero",
            "balance_is_sum_of_entries",
            "history_is_unbroken",
            "transfers_are_what_moved",
            "transactions_are_what_moved",
        },
    ),
    "entries of an unknown operation": (
        [new_entry("2", 5), new_entry(HOUSE, -5)],
        {"entries_belong_to_applied", "transactions_are_what_moved"},
    ),
    "a refused operation with entries": (
        ["UPDATE operations SET status = 'rejected', reason = 'x' WHERE kind = 'wallet.adjust'"],
        {"entries_belong_to_applied"},
    ),
    "an applied transfer without entries": ([TRANSFER_WITHOUT_ENTRIES], {"applied_moved_money"}),
    "an overdrawn wallet": (
        [
            "ALTER TABLE accounts DROP CONSTRAINT accounts_credit_guard_check",
            "UPDATE accounts SET debits_pending = 100000 WHERE id = 1",
            "UPDATE holds SET minor = 100000",
        ],
        {"no_guarded_account_below_zero"},
    ),
    "money is pending for nobody": (
        ["UPDATE accounts SET debits_pending = debits_pending + 1 WHERE id = 2"],
        {"pending_is_open_holds"},
    ),
    "a hold without pending money": (
        ["UPDATE holds SET minor = minor + 1"],
        {"pending_is_open_holds"},
    ),
    "money is pending on the other side": (
        ["UPDATE accounts SET credits_pending = 1 WHERE id = 1"],
        {"pending_is_open_holds"},
    ),
    "a partition is halted": (
        ["UPDATE stream_partitions SET halted_reason = 'x' WHERE partition = 1"],
        {"redis_not_behind"},
    ),
    "Redis ends before what is applied": (
        ["UPDATE stream_partitions SET last_ms = last_ms + 1 WHERE last_ms > 0"],
        {"redis_not_behind"},
    ),
    "PostgreSQL has applied less than was acknowledged": (
        ["UPDATE stream_partitions SET last_ms = last_ms - 1 WHERE last_ms > 0"],
        {"postgres_not_behind"},
    ),
    "a bank's book is off": (
        [BANK_ACCOUNT],
        {"bank_books_balance", "money_sums_to_zero", "balance_is_sum_of_entries"},
    ),
    "a payout's hold without its payout": (
        ["UPDATE holds SET purpose = 'payout'"],
        {"payout_holds_fit"},
    ),
    "more went to SuperPay than payouts say": (
        [CLEARING_ACCOUNT],
        {"clearing_is_settled", "money_sums_to_zero", "balance_is_sum_of_entries"},
    ),
    "a transfer has no transaction": (
        [TRANSFER_ALONE, "DELETE FROM transactions WHERE minor = 300"],
        {"transactions_are_what_moved"},
    ),
    "a list by kind leaves transactions out": (
        ["DELETE FROM transaction_traits WHERE trait = 'kind:transfer.create'"],
        {"transactions_are_listed"},
    ),
    "a transaction says another amount": (
        ["UPDATE transactions SET postings = '[[1, 2, 301, 643]]' WHERE minor = 300"],
        {"transactions_are_what_moved"},
    ),
    "a transaction says another receiver": (
        ["UPDATE transactions SET postings = '[[1, 3, 300, 643]]' WHERE minor = 300"],
        {"transactions_are_what_moved"},
    ),
    "a transaction of nothing": (
        ["UPDATE transactions SET operation_id = gen_random_uuid() WHERE minor = 300"],
        {"transactions_are_what_moved"},
    ),
    "a limit below what is overdrawn": (
        [
            "ALTER TABLE accounts DROP CONSTRAINT accounts_limits_check",
            "ALTER TABLE accounts DROP CONSTRAINT accounts_credit_guard_check",
            "UPDATE accounts SET overdraft_limit = -100000 WHERE id = 1",
        ],
        {"no_guarded_account_below_zero"},
    ),
    "a transfer says that it was reversed": (
        ["UPDATE transfers SET reversed_minor = 1 WHERE minor = 300"],
        {"transfers_are_what_moved"},
    ),
    "a reversal that its transfer does not know": (
        [
            (
                "UPDATE transfers SET reversal_of = (SELECT id FROM transfers WHERE minor = 300)"
                " WHERE minor = 200"
            )
        ],
        {"transfers_are_what_moved"},
    ),
    "a hold says that it was captured": (
        ["UPDATE holds SET minor = minor + 1, captured_minor = 1"],
        {"holds_are_what_was_captured"},
    ),
    "an open hold says that it released": (
        ["UPDATE holds SET minor = minor + 1, released_minor = 1"],
        {"holds_are_what_was_captured"},
    ),
    "a paid payout that took no money": (
        [PAYOUT],
        {"payouts_are_what_left", "clearing_is_settled"},
    ),
    "a deposit that nothing was booked for": (
        [DEPOSIT],
        {"deposits_are_what_arrived", "clearing_is_settled"},
    ),
    "a bank payment that was not booked": ([BANK_PAYMENT], {"bank_payments_are_what_came"}),
    "a line of a bank that nothing was booked for": (
        [BANK_LINE],
        {"statement_accounts_are_booked"},
    ),
    "a line that a statement counts and does not have": (
        [TALLY],
        {"statements_count_their_lines"},
    ),
    "a marketplace payment that moved nothing": (
        [MARKETPLACE_PAYMENT],
        {"marketplace_payments_add_up"},
    ),
    "a top-up that its bill does not have": ([BILL_TRANSACTION], {"bills_are_their_transactions"}),
    "a client transfer that moved nothing": (
        [CLIENT_TRANSFER],
        {"client_transfers_are_what_moved"},
    ),
    "dead letters lie around": ([OLD_LETTERS], {"no_old_dead_letters"}),
}
