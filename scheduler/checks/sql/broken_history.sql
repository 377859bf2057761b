-- Entries from a time on that do not follow from the entry before them.
SELECT e.account_id, e.seq, e.amount, e.balance, COALESCE(p.balance, 0) AS before,
       p.seq IS NULL AND e.seq <> 1 AS has_gap,
       COALESCE(p.recorded_at > e.recorded_at, false) AS is_earlier
  FROM entries AS e
  LEFT JOIN entries AS p ON p.account_id = e.account_id AND p.seq = e.seq - 1
 WHERE e.recorded_at >= $1::timestamptz
   AND (e.balance <> COALESCE(p.balance, 0) + e.amount
        OR (p.seq IS NULL AND e.seq <> 1)
        OR p.recorded_at > e.recorded_at)
 LIMIT 20
