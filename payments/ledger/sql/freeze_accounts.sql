-- Freezing is rare, so it is no column of the hot UPDATE.
UPDATE accounts AS a
   SET is_frozen = u.is_frozen
  FROM unnest($1::bigint[], $2::boolean[]) AS u (id, is_frozen)
 WHERE a.id = u.id
