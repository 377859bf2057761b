-- Accounts whose counters are not what their entries add up to, and entries of no account. What meets on both sides
-- of an account is taken off both counters in steps of 2^57 (ADR 0053).
WITH sums AS (
    SELECT account_id,
           count(*) AS entries,
           max(seq) AS last_seq,
           COALESCE(sum(amount) FILTER (WHERE amount > 0), 0) AS credits,
           COALESCE(-sum(amount) FILTER (WHERE amount < 0), 0) AS debits,
           CASE WHEN min(currency) = max(currency) THEN 1 ELSE 2 END AS currencies
      FROM entries
     GROUP BY account_id
)
SELECT COALESCE(a.id, s.account_id) AS id, a.code, a.debits_posted, a.credits_posted, a.version,
       COALESCE(s.debits, 0) AS debits, COALESCE(s.credits, 0) AS credits,
       COALESCE(s.entries, 0) AS entries, COALESCE(s.last_seq, 0) AS last_seq, COALESCE(s.currencies, 1) AS currencies
  FROM accounts AS a
  FULL JOIN sums AS s ON s.account_id = a.id
 WHERE a.id IS NULL
    OR a.credits_posted - a.debits_posted <> COALESCE(s.credits, 0) - COALESCE(s.debits, 0)
    OR a.debits_posted > COALESCE(s.debits, 0)
    OR mod(COALESCE(s.debits, 0) - a.debits_posted, 144115188075855872) <> 0
    OR a.version <> COALESCE(s.entries, 0)
    OR a.version <> COALESCE(s.last_seq, 0)
    OR s.currencies > 1
 ORDER BY 1
 LIMIT 20
