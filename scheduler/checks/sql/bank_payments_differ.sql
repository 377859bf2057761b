-- Payments of the bank whose entries or balance changes are not what they say, and transfers of organizations unlike their entry. 2 is the kind of an organization's account. A returned payment was taken back from its organization, or from suspense when it was there still or the organization had spent it.
WITH booked AS (
    SELECT p.id, sum(e.amount) AS minor
      FROM organization_payments AS p
      JOIN entries AS e ON e.operation_id = p.operation_id AND e.amount > 0
     GROUP BY p.id
), changes AS (
    SELECT c.*, e.amount IS DISTINCT FROM c.after_minor - c.before_minor
                OR e.balance IS DISTINCT FROM c.after_minor AS is_wrong
      FROM organization_balance_changes AS c
      LEFT JOIN entries AS e ON e.operation_id = c.operation_id
                            AND e.account_id = (2::bigint << 56) + c.organization_id
), credited AS (
    SELECT payment_id, count(*) AS changes, sum(after_minor - before_minor) AS minor,
           min(organization_id) AS organization_id, count(*) FILTER (WHERE is_wrong) AS wrong
      FROM changes
     WHERE payment_id IS NOT NULL
     GROUP BY payment_id
), differing AS (
    SELECT COALESCE(p.id, c.payment_id) AS id,
           format('%s, says %s for organization %s; booked %s, %s balance changes of %s for organization %s, %s of them unlike their entry',
                  p.status, p.minor, p.organization_id, b.minor, COALESCE(c.changes, 0), c.minor, c.organization_id,
                  COALESCE(c.wrong, 0)) AS detail
      FROM organization_payments AS p
      LEFT JOIN booked AS b ON b.id = p.id
      FULL JOIN credited AS c ON c.payment_id = p.id
     WHERE p.minor IS DISTINCT FROM b.minor
        OR c.wrong > 0
        OR CASE
           WHEN p.status = 'credited'
           THEN (1, p.minor, p.organization_id) IS DISTINCT FROM (c.changes, c.minor, c.organization_id)
           WHEN p.status = 'reversed' AND p.reversal ->> 'taken_from' = 'organization'
           THEN (2, 0, p.organization_id) IS DISTINCT FROM (c.changes, c.minor, c.organization_id)
           WHEN p.status = 'reversed' AND p.organization_id IS NOT NULL
           THEN (1, p.minor, p.organization_id) IS DISTINCT FROM (c.changes, c.minor, c.organization_id)
           ELSE c.payment_id IS NOT NULL END
    UNION ALL
    SELECT operation_id, format('a transfer of organization %s to wallet %s is unlike its entry', organization_id, wallet_id)
      FROM changes
     WHERE payment_id IS NULL AND is_wrong
)
SELECT id, detail FROM differing LIMIT 20
