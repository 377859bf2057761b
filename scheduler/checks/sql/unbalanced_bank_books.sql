-- Banks whose own accounts do not sum to zero: each bank balances without looking at the others.
SELECT book, currency, sum(credits_posted - debits_posted)::bigint AS off_by
  FROM accounts
 WHERE book <> 0
 GROUP BY book, currency
HAVING sum(credits_posted - debits_posted) <> 0
 ORDER BY book, currency
 LIMIT $1
