-- Accounts with entries from a time on whose counters are not what the newest of them says.
WITH touched AS (
    SELECT account_id, max(seq) AS last_seq
      FROM entries
     WHERE recorded_at >= $1::timestamptz
     GROUP BY account_id
)
SELECT t.account_id AS id, a.code, a.credits_posted - a.debits_posted AS counted, a.version, e.balance, t.last_seq
  FROM touched AS t
  JOIN entries AS e ON e.account_id = t.account_id AND e.seq = t.last_seq
  LEFT JOIN accounts AS a ON a.id = t.account_id
 WHERE a.id IS NULL
    OR a.version <> t.last_seq
    OR a.credits_posted - a.debits_posted <> e.balance
 ORDER BY 1
 LIMIT 20
