-- Bank accounts whose payments and refunds do not add up to their entries. 3 is the kind of a bank account.
WITH parts AS (
    SELECT customer_account_id AS account_id, -minor AS minor FROM bank_payments WHERE paid_at IS NOT NULL
     UNION ALL
    SELECT seller_account_id, minor - fee_minor FROM bank_payments WHERE paid_at IS NOT NULL
     UNION ALL
    SELECT customer_account_id, minor FROM bank_payments WHERE status = 'refunded'
     UNION ALL
    SELECT seller_account_id, CASE refund_fee WHEN 'keep' THEN -minor ELSE fee_minor - minor END
      FROM bank_payments WHERE status = 'refunded'
), expected AS (
    SELECT account_id, sum(minor) AS minor FROM parts GROUP BY account_id
), moved AS (
    SELECT e.account_id - (3::bigint << 56) AS account_id, sum(e.amount) AS minor
      FROM operations AS o
      JOIN entries AS e ON e.operation_id = o.id AND e.account_id >> 56 = 3
     WHERE o.kind IN ('bank_pay.confirm', 'bank_pay.refund')
     GROUP BY 1
)
SELECT COALESCE(x.account_id, m.account_id) AS id,
       format('payments and refunds say %s; entries say %s', COALESCE(x.minor, 0), COALESCE(m.minor, 0)) AS detail
  FROM expected AS x
  FULL JOIN moved AS m ON m.account_id = x.account_id
 WHERE COALESCE(x.minor, 0) <> COALESCE(m.minor, 0)
 LIMIT 20
