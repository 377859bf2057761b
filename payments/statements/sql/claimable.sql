-- Subjects of a claim by their ids: settlement files with their net, payouts, payments of a webhook that no line meets. $1: ids.
SELECT s.id, 'settlement' AS sort, s.new_net_minor AS minor, a.number AS account_number, '' AS meeting
  FROM statements AS s
  JOIN statement_accounts AS a ON a.account = s.account
 WHERE s.id = ANY($1) AND s.new_net_minor IS NOT NULL
UNION ALL
SELECT id, 'payout', -minor, 0, '' FROM payouts WHERE id = ANY($1)
UNION ALL
SELECT id, 'payment', minor, 0, COALESCE(meeting, '') FROM organization_payments
 WHERE id = ANY($1) AND line_id IS NULL
