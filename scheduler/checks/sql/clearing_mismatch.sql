-- What banks owe each other, over all of them: one bank's claim is another's debt. $1: the kind of account.
SELECT currency, sum(credits_posted - debits_posted)::bigint AS off_by
  FROM accounts
 WHERE id >> 56 = $1 AND book <> 0
 GROUP BY currency
HAVING sum(credits_posted - debits_posted) <> 0
