-- Payouts whose entries are not what their state says. Every step of a payout is stored as evidence under its operation.
WITH taken AS (
    SELECT v.payout_id, -sum(e.amount) AS minor
      FROM payout_evidence AS v
      JOIN payouts AS p ON p.id = v.payout_id
      JOIN entries AS e ON e.operation_id = v.id AND e.account_id = p.wallet_id
     GROUP BY v.payout_id
)
SELECT p.id, format('state %s, amount %s; the wallet gave %s', p.state, p.minor, COALESCE(t.minor, 0)) AS detail
  FROM payouts AS p
  LEFT JOIN taken AS t ON t.payout_id = p.id
 WHERE COALESCE(t.minor, 0) <> CASE p.state WHEN 'paid' THEN p.minor ELSE 0 END
 LIMIT 20
