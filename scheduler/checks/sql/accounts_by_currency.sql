-- Books and currencies whose accounts do not sum to zero.
SELECT book, currency, sum(credits_posted - debits_posted) AS off_by
  FROM accounts
 GROUP BY book, currency
HAVING sum(credits_posted - debits_posted) <> 0
 ORDER BY book, currency
 LIMIT 20
