-- Payments of the bank's webhook whose entries or balance changes are not what they say. 2 is the kind of an organization's account.
WITH booked AS (
    SELECT p.id, sum(e.amount) AS minor
      FROM organization_payments AS p
      JOIN entries AS e ON e.operation_id = p.operation_id AND e.amount > 0
     GROUP BY p.id
), credited AS (
    SELECT c.payment_id, count(*) AS changes, sum(c.after_minor - c.before_minor) AS minor,
           min(c.organization_id) AS organization_id,
           count(*) FILTER (WHERE e.amount IS DISTINCT FROM c.after_minor - c.before_minor
                               OR e.balance IS DISTINCT FROM c.after_minor) AS wrong
      FROM organization_balance_changes AS c
      LEFT JOIN entries AS e ON e.operation_id = c.operation_id
                            AND e.account_id = (2::bigint << 56) + c.organization_id
     GROUP BY c.payment_id
)
SELECT COALESCE(p.id, c.payment_id) AS id,
       format('%s, says %s for organization %s; booked %s, %s balance changes of %s for organization %s, %s of them unlike their entry',
              p.status, p.minor, p.organization_id, b.minor, COALESCE(c.changes, 0), c.minor, c.organization_id,
              COALESCE(c.wrong, 0)) AS detail
  FROM organization_payments AS p
  LEFT JOIN booked AS b ON b.id = p.id
  FULL JOIN credited AS c ON c.payment_id = p.id
 WHERE p.minor IS DISTINCT FROM b.minor
    OR c.wrong > 0
    OR CASE p.status WHEN 'credited'
            THEN (1, p.minor, p.organization_id) IS DISTINCT FROM (c.changes, c.minor, c.organization_id)
            ELSE c.payment_id IS NOT NULL END
 LIMIT 20
