-- Transfers of the wallet service that are not what their operation moved.
WITH moved AS (
    SELECT t.id, count(*) AS legs,
           -sum(e.amount) FILTER (WHERE e.amount < 0) AS taken,
           min(e.account_id) FILTER (WHERE e.amount < 0) AS source,
           min(e.account_id) FILTER (WHERE e.amount > 0) AS destination
      FROM client_transfers AS t
      JOIN entries AS e ON e.operation_id = t.operation_id
     GROUP BY t.id
)
SELECT t.id, format('says %s from %s to %s, reason %s; entries say %s from %s to %s', t.minor, t.source_wallet_id,
                    t.destination_wallet_id, t.reason, m.taken, m.source, m.destination) AS detail
  FROM client_transfers AS t
  LEFT JOIN moved AS m ON m.id = t.id
 WHERE CASE WHEN t.reason IS NULL
            THEN (t.minor, t.source_wallet_id, t.destination_wallet_id, 2)
                 IS DISTINCT FROM (m.taken, m.source, m.destination, m.legs)
            ELSE m.id IS NOT NULL END
 LIMIT 20
