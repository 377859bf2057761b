-- All that a small batch is decided by, without a lock: its accounts, each with the transaction that wrote it last,
-- outcomes of these ids, and whether one lies among the dead letters.
SELECT ARRAY(SELECT ROW(xmin, id, code, currency, book, guard, status, debits_posted, credits_posted, debits_pending,
                        credits_pending, version, GREATEST(last_entry_at, answered_until), overdraft_limit, forced_debt,
                        effective_until)
               FROM accounts WHERE id = ANY($1::bigint[])),
       ARRAY(SELECT ROW(id, kind, digest, actor, status, reason, result, effects, accepted_at, decided_at)
               FROM operations WHERE id = ANY($2::uuid[])),
       EXISTS(SELECT FROM dead_letters
               WHERE operation_id = ANY($2::uuid[]) AND state = 'parked' AND stream = 'intents')
