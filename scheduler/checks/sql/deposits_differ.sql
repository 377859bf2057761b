-- Deposits whose entries are not what they say arrived. Each piece of evidence is stored under its operation.
WITH booked AS (
    SELECT v.deposit_id, sum(e.amount) AS minor, min(a.currency) AS currency, count(DISTINCT a.currency) AS currencies
      FROM deposit_evidence AS v
      JOIN entries AS e ON e.operation_id = v.id AND e.amount > 0
      JOIN accounts AS a ON a.id = e.account_id
     GROUP BY v.deposit_id
)
SELECT d.id, format('says %s %s arrived; booked %s %s', d.paid_minor, d.paid_currency, b.minor, b.currency) AS detail
  FROM deposits AS d
  LEFT JOIN booked AS b ON b.deposit_id = d.id
 WHERE (d.paid_minor, d.paid_currency) IS DISTINCT FROM (b.minor, b.currency)
    OR b.currencies > 1
 LIMIT 20
