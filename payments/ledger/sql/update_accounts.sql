-- One UPDATE an account, however many operations of the batch touched it, where the row is as that transaction has
-- written it (NULL: it is new). The time of its newest entry is the batch's, but never goes back, nor behind an answer
-- about a balance.
UPDATE accounts AS a
   SET debits_posted = u.debits_posted, credits_posted = u.credits_posted,
       debits_pending = u.debits_pending, credits_pending = u.credits_pending,
       version = u.version,
       last_entry_at = CASE WHEN u.version > a.version THEN GREATEST(a.last_entry_at, a.answered_until, $8)
                            ELSE a.last_entry_at END
  FROM unnest($1::text::bigint[], $2::text::bigint[], $3::text::bigint[], $4::text::bigint[], $5::text::bigint[],
              $6::text::bigint[], $7::text::xid[])
    AS u (id, debits_posted, credits_posted, debits_pending, credits_pending, version, written_by)
 WHERE a.id = u.id AND (a.xmin = u.written_by OR u.written_by IS NULL)
