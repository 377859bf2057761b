-- Clients' holds whose captures do not add up. Payouts have a check of their own.
WITH taken AS (
    SELECT (o.result->>'hold_id')::uuid AS hold_id, -sum(e.amount) AS minor
      FROM operations AS o
      JOIN entries AS e ON e.operation_id = o.id AND e.amount < 0
     WHERE o.kind = 'hold.capture' AND o.status = 'applied'
     GROUP BY 1
)
SELECT COALESCE(h.id, t.hold_id) AS id,
       format('says %s captured, %s released of %s; its captures took %s',
              h.captured_minor, h.released_minor, h.minor, COALESCE(t.minor, 0)) AS detail
  FROM (SELECT * FROM holds WHERE purpose = 'hold') AS h
  FULL JOIN taken AS t ON t.hold_id = h.id
 WHERE h.captured_minor IS DISTINCT FROM COALESCE(t.minor, 0)
    OR (h.closed_at IS NULL AND h.released_minor <> 0)
 LIMIT 20
