-- Applied operations of kinds that always move money, and yet have no entry.
SELECT o.id, o.kind
  FROM operations AS o
  LEFT JOIN entries AS e ON e.operation_id = o.id
 WHERE o.kind = ANY($1::text[])
   AND o.status = 'applied'
   AND e.operation_id IS NULL
 LIMIT 20
