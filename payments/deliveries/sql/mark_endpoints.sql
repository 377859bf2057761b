-- When the first of the failures in a row was: where something succeeded, those before do not count any more.
UPDATE webhook_endpoints AS e
   SET failing_since = u.failing_since
  FROM unnest($1::uuid[], $2::timestamptz[], $3::bool[]) AS u (id, failing_since, has_succeeded)
 WHERE e.id = u.id
   AND CASE WHEN u.has_succeeded THEN e.failing_since IS DISTINCT FROM u.failing_since
            ELSE e.failing_since IS NULL END
