-- The number of the last entry of an account before a time, 0 before the first: a binary search by primary key, as in
-- balance_at.
WITH RECURSIVE search (low, high) AS (
    SELECT 0::bigint, a.version FROM accounts AS a WHERE a.id = $1
    UNION ALL
    SELECT CASE WHEN e.recorded_at < $2 THEN e.seq ELSE s.low END,
           CASE WHEN e.recorded_at < $2 THEN s.high ELSE e.seq - 1 END
      FROM search AS s
      JOIN entries AS e ON e.account_id = $1 AND e.seq = (s.low + s.high + 1) / 2
     WHERE s.low < s.high
)
SELECT s.low FROM search AS s WHERE s.low = s.high
