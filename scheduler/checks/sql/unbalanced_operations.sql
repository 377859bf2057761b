-- Operations whose entries from a time on do not sum to zero.
SELECT operation_id, sum(amount) AS off_by
  FROM entries
 WHERE recorded_at >= $1::timestamptz
 GROUP BY operation_id, book, currency
HAVING sum(amount) <> 0
 LIMIT $2::int
