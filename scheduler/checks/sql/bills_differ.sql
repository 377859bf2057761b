-- Bills whose transactions do not add up to the balance, or are unlike their entries. 1 is the kind of a bill's account.
WITH told AS (
    SELECT t.bill_id, sum(CASE t.kind WHEN 'topup' THEN t.minor ELSE -t.minor END) AS minor,
           count(*) FILTER (WHERE e.amount IS DISTINCT FROM CASE t.kind WHEN 'topup' THEN t.minor ELSE -t.minor END
                               OR e.balance IS DISTINCT FROM t.balance) AS wrong
      FROM bill_transactions AS t
      LEFT JOIN entries AS e ON e.operation_id = t.operation_id AND e.account_id = (1::bigint << 56) + t.bill_id
     GROUP BY t.bill_id
), held AS (
    SELECT id - (1::bigint << 56) AS bill_id, credits_posted - debits_posted AS minor FROM accounts WHERE id >> 56 = 1
)
SELECT COALESCE(t.bill_id, h.bill_id) AS id,
       format('balance %s; its transactions add up to %s, %s of them unlike their entry',
              COALESCE(h.minor, 0), COALESCE(t.minor, 0), COALESCE(t.wrong, 0)) AS detail
  FROM told AS t
  FULL JOIN held AS h ON h.bill_id = t.bill_id
 WHERE COALESCE(h.minor, 0) <> COALESCE(t.minor, 0) OR t.wrong > 0
 LIMIT 20
