-- Entries from a time on whose operation is unknown or refused.
SELECT e.operation_id, o.status, count(*) AS entries
  FROM entries AS e
  LEFT JOIN operations AS o ON o.id = e.operation_id
 WHERE e.recorded_at >= $1::timestamptz
   AND o.status IS DISTINCT FROM 'applied'
 GROUP BY e.operation_id, o.status
 LIMIT 20
