-- Operations decided in a time that have not exactly one event, and events of operations that are not decided.
WITH told AS (
    SELECT (one ->> 1)::uuid AS id, count(*) AS events
      FROM event_batches AS b
     CROSS JOIN LATERAL jsonb_array_elements(b.events::jsonb) AS one
     WHERE b.written_at >= $1 AND b.written_at < $2 AND one ->> 1 IS NOT NULL
     GROUP BY 1
), decided AS (
    SELECT id, kind
      FROM operations
     WHERE decided_at >= $1 AND decided_at < $2
)
SELECT coalesce(d.id, t.id) AS id, d.kind, coalesce(t.events, 0) AS events
  FROM decided AS d
  FULL JOIN told AS t ON t.id = d.id
 WHERE t.events IS DISTINCT FROM 1 OR d.id IS NULL
 LIMIT $3
