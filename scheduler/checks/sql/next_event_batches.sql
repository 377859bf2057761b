-- The time up to which the next transactions with events reach; none when they are the last.
SELECT written_at
  FROM event_batches
 WHERE written_at >= $1
 ORDER BY written_at
OFFSET $2
 LIMIT 1
