-- The counters of accounts whose rows this transaction has locked and seen without anything pending, found by their
-- place: a look-up in the index less for each. Nothing moves a locked row; were one moved, another account's row could
-- stand there, so the id is compared.
UPDATE accounts AS a
   SET debits_posted = u.debits_posted, credits_posted = u.credits_posted, version = u.version,
       last_entry_at = CASE WHEN u.version > a.version THEN GREATEST(a.last_entry_at, a.answered_until, $6)
                            ELSE a.last_entry_at END
  FROM (SELECT unnest($1::text::tid[]) AS place, unnest($2::text::bigint[]) AS debits_posted,
               unnest($3::text::bigint[]) AS credits_posted, unnest($4::text::bigint[]) AS version,
               unnest($5::text::bigint[]) AS id) AS u
 WHERE a.ctid = u.place AND a.id = u.id
