-- The counters of accounts whose rows this transaction has read without anything pending, found by their place: a look-up
-- in the index less for each. A row that has changed meanwhile is elsewhere, and another account's could stand there: who
-- has written it is compared, and its id.
UPDATE accounts AS a
   SET debits_posted = u.debits_posted, credits_posted = u.credits_posted, version = u.version,
       last_entry_at = CASE WHEN u.version > a.version THEN GREATEST(a.last_entry_at, a.answered_until, $7)
                            ELSE a.last_entry_at END
  FROM (SELECT unnest($1::text::tid[]) AS place, unnest($2::text::bigint[]) AS debits_posted,
               unnest($3::text::bigint[]) AS credits_posted, unnest($4::text::bigint[]) AS version,
               unnest($5::text::bigint[]) AS id,
               unnest($6::text::xid[]) AS written_by) AS u
 WHERE a.ctid = u.place AND a.id = u.id AND a.xmin = u.written_by
