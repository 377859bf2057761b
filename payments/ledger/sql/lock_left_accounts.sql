-- Locks without waiting: for a transaction that holds other accounts, so that two consumers could wait for each other,
-- and for accounts that may be locked for long.
SELECT id, code, currency, book, guard, status, debits_posted, credits_posted, debits_pending, credits_pending,
       version, GREATEST(last_entry_at, answered_until) AS last_entry_at, overdraft_limit, forced_debt,
       effective_until
  FROM accounts
 WHERE id = ANY($1::text::bigint[])
 ORDER BY id
   FOR NO KEY UPDATE SKIP LOCKED
