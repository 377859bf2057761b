-- Locks every account of a batch before anything is decided; sorted, so that two batches cannot deadlock.
SELECT id, code, currency, book, guard, status, debits_posted, credits_posted, debits_pending, credits_pending,
       version, GREATEST(last_entry_at, answered_until) AS last_entry_at, overdraft_limit, forced_debt,
       effective_until
  FROM accounts
 WHERE id = ANY($1::text::bigint[])
 ORDER BY id
   FOR NO KEY UPDATE
