-- Which of some operations do not balance, all their entries counted. There is no index for this: for suspects only.
SELECT operation_id, sum(amount) AS off_by
  FROM entries
 WHERE operation_id = ANY($1::uuid[])
 GROUP BY operation_id, book, currency
HAVING sum(amount) <> 0
 LIMIT 20
