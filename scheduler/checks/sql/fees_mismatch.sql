-- Banks whose fee account is not the sum of the fees of payments they kept. $1: the kind of account, $2: how many.
WITH earned AS (
    SELECT customer_bank_id AS bank_id, sum(fee_minor)::bigint AS minor
      FROM bank_payments
     WHERE status = 'success' OR (status = 'refunded' AND refund_fee = 'keep')
     GROUP BY customer_bank_id
), booked AS (
    SELECT book AS bank_id, sum(credits_posted - debits_posted)::bigint AS minor
      FROM accounts
     WHERE id >> 56 = $1
     GROUP BY book
)
SELECT coalesce(b.bank_id, e.bank_id) AS bank_id, coalesce(b.minor, 0) AS booked, coalesce(e.minor, 0) AS earned
  FROM booked b
  FULL JOIN earned e ON e.bank_id = b.bank_id
 WHERE coalesce(b.minor, 0) <> coalesce(e.minor, 0)
 ORDER BY 1
 LIMIT $2
