-- A status changes rarely, so it is no column of the hot UPDATE.
UPDATE accounts AS a
   SET status = u.status
  FROM unnest($1::bigint[], $2::text[]) AS u (id, status)
 WHERE a.id = u.id
