-- Locks and reads accounts of a batch before anything is decided; sorted, so that two batches cannot deadlock. The same
-- without its last line only reads them, and the batch compares who has written them when it writes.
-- A wallet without a hold, a limit or a freeze comes as bytes: nearly all do, and rows cost the client 1 µs each.
SELECT string_agg(int8send(id) || int8send(debits_posted) || int8send(credits_posted) || int8send(version)
                  || timestamptz_send(last_entry_at) || tidsend(ctid) || xidsend(written_by) || textsend(currency), ''::bytea)
         FILTER (WHERE is_usual) AS usual,
       array_agg(ROW(written_by, id, code, currency, book, guard, status, debits_posted, credits_posted, debits_pending,
                     credits_pending, version, last_entry_at, overdraft_limit, forced_debt, effective_until))
         FILTER (WHERE NOT is_usual) AS others
  FROM (SELECT id, code, currency, book, guard, status, debits_posted, credits_posted, debits_pending, credits_pending,
               version, COALESCE(GREATEST(last_entry_at, answered_until), '2000-01-01 00:00:00+00') AS last_entry_at,
               overdraft_limit, forced_debt, effective_until, ctid, xmin AS written_by,
               id < 1::bigint << 56 AND book = 0 AND guard = 1 AND status = 'open' AND debits_pending = 0
               AND credits_pending = 0 AND overdraft_limit = 0 AND forced_debt = 0 AND effective_until IS NULL
               AND octet_length(currency) = 3 AS is_usual
          FROM accounts
         WHERE id = ANY($1::text::bigint[])
         ORDER BY id
           FOR NO KEY UPDATE) AS locked
