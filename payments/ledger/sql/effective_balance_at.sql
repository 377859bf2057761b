-- The balance of an account by effective time: what was recorded until then, and what was recorded later and counts from
-- before. The search is that of balance_at.
WITH RECURSIVE search (low, high) AS (
    SELECT 0::bigint, a.version FROM accounts AS a WHERE a.id = $1
    UNION ALL
    SELECT CASE WHEN e.recorded_at <= $2 THEN e.seq ELSE s.low END,
           CASE WHEN e.recorded_at <= $2 THEN s.high ELSE e.seq - 1 END
      FROM search AS s
      JOIN entries AS e ON e.account_id = $1 AND e.seq = (s.low + s.high + 1) / 2
     WHERE s.low < s.high
)
SELECT COALESCE(e.balance, 0) + COALESCE(
           (SELECT sum(b.minor)::bigint FROM backdated_entries AS b
             WHERE b.account_id = $1 AND b.effective_at <= $2 AND b.seq > s.low), 0) AS balance
  FROM search AS s
  LEFT JOIN entries AS e ON e.account_id = $1 AND e.seq = s.low
 WHERE s.low = s.high
