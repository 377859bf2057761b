-- One UPDATE an account, however many operations of the batch touched it.
UPDATE accounts AS a
   SET debits_posted = u.debits_posted, credits_posted = u.credits_posted,
       debits_pending = u.debits_pending, credits_pending = u.credits_pending,
       version = u.version, last_entry_at = u.last_entry_at
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::timestamptz[])
    AS u (id, debits_posted, credits_posted, debits_pending, credits_pending, version, last_entry_at)
 WHERE a.id = u.id
