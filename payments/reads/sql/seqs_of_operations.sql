-- The numbers of the entries that operations made on an account, by the times of their transactions: a binary search
-- finds where that time begins. An entry is never dated before its transaction, and those of one operation are neighbours.
SELECT e.seq
  FROM unnest($2::uuid[], $3::timestamptz[]) AS o (operation_id, created_at)
 CROSS JOIN LATERAL (
       WITH RECURSIVE search (low, high) AS (
           SELECT 0::bigint, a.version FROM accounts AS a WHERE a.id = $1
           UNION ALL
           SELECT CASE WHEN m.recorded_at < o.created_at THEN m.seq ELSE s.low END,
                  CASE WHEN m.recorded_at < o.created_at THEN s.high ELSE m.seq - 1 END
             FROM search AS s
             JOIN entries AS m ON m.account_id = $1 AND m.seq = (s.low + s.high + 1) / 2
            WHERE s.low < s.high
       )
       SELECT s.low FROM search AS s WHERE s.low = s.high
     ) AS before
 CROSS JOIN LATERAL (
       SELECT f.seq FROM entries AS f
        WHERE f.account_id = $1 AND f.seq > before.low AND f.operation_id = o.operation_id
        ORDER BY f.seq LIMIT 1
     ) AS first
  JOIN entries AS e
    ON e.account_id = $1 AND e.seq >= first.seq AND e.seq < first.seq + 200 AND e.operation_id = o.operation_id
