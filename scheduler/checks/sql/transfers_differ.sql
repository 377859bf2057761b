-- Transfers that are not what their operation moved, or whose reversals do not add up. A wallet's account has its number.
WITH moved AS (
    SELECT COALESCE(o.result->>'transfer_id', o.result->>'transaction_id')::uuid AS transfer_id, count(*) AS legs,
           -sum(e.amount) FILTER (WHERE e.amount < 0) AS taken,
           min(e.account_id) FILTER (WHERE e.amount < 0) AS source,
           min(e.account_id) FILTER (WHERE e.amount > 0) AS destination
      FROM operations AS o
      JOIN entries AS e ON e.operation_id = o.id
     WHERE o.status = 'applied'
       AND (o.kind IN ('transfer.create', 'transfer.reverse')
            OR o.kind = 'transaction.reverse'
               AND EXISTS (SELECT FROM transfers AS back WHERE back.id = (o.result->>'transaction_id')::uuid))
     GROUP BY 1
), returned AS (
    SELECT reversal_of, sum(minor) AS minor FROM transfers WHERE reversal_of IS NOT NULL GROUP BY reversal_of
)
SELECT COALESCE(t.id, m.transfer_id, r.reversal_of) AS id,
       format('says %s from %s to %s, reversed %s; entries say %s from %s to %s in %s legs, reversals add up to %s',
              t.minor, t.source_wallet_id, t.destination_wallet_id, t.reversed_minor,
              m.taken, m.source, m.destination, COALESCE(m.legs, 0), COALESCE(r.minor, 0)) AS detail
  FROM transfers AS t
  FULL JOIN moved AS m ON m.transfer_id = t.id
  FULL JOIN returned AS r ON r.reversal_of = t.id
 WHERE (t.minor, t.source_wallet_id, t.destination_wallet_id, t.reversed_minor, 2)
       IS DISTINCT FROM (m.taken, m.source, m.destination, COALESCE(r.minor, 0), m.legs)
 LIMIT 20
