-- Lines of banks that nobody has explained and that come from the payer of a provider's account. 66 and 77 are the kinds of suspense and of what stands open.
SELECT a.number, l.id, l.posted AS day, l.minor
  FROM statement_accounts AS a
  JOIN statement_lines AS l ON l.inn = a.payer_inn AND l.state = 'theirs_only'
 WHERE a.payer_inn <> '' AND l.currency = a.currency AND l.account <> a.account
   AND l.counter_id >> 56 IN (66, 77) AND l.reversed_by IS NULL
 ORDER BY a.number, l.posted, l.id
 LIMIT 1000
