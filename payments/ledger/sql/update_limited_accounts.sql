-- Counters together with what they may go below zero: the constraint looks at both. Rare, so not part of the hot UPDATE.
UPDATE accounts AS a
   SET debits_posted = u.debits_posted, credits_posted = u.credits_posted,
       debits_pending = u.debits_pending, credits_pending = u.credits_pending,
       version = u.version, last_entry_at = u.last_entry_at,
       overdraft_limit = u.overdraft_limit, forced_debt = u.forced_debt
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::timestamptz[],
              $8::bigint[], $9::bigint[])
    AS u (id, debits_posted, credits_posted, debits_pending, credits_pending, version, last_entry_at,
          overdraft_limit, forced_debt)
 WHERE a.id = u.id
