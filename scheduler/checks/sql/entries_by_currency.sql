-- Books and currencies whose entries do not sum to zero, over all of history.
SELECT book, currency, sum(amount) AS off_by
  FROM entries
 GROUP BY book, currency
HAVING sum(amount) <> 0
 ORDER BY book, currency
 LIMIT 20
