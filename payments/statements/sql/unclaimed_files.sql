-- Settlement files of accounts whose payer is known that no line has paid yet, the oldest first. Their net is that of the lines no earlier file had.
SELECT a.number, a.account, a.currency, a.drift_minor, a.statement_within_days AS within_days,
       s.id, s.ends AS day, s.new_net_minor AS minor
  FROM statement_accounts AS a
  JOIN statements AS s ON s.account = a.account
 WHERE a.payer_inn <> '' AND s.opening_minor IS NULL AND s.new_net_minor <> 0
   AND NOT EXISTS (SELECT 1 FROM statement_claims AS c WHERE c.item_id = s.id)
 ORDER BY a.number, s.ends, s.id
 LIMIT 1000
