-- Accounts whose pending money is not what their open holds keep.
WITH open_holds AS (
    SELECT wallet_id, sum(minor - captured_minor - released_minor) AS held
      FROM holds
     WHERE closed_at IS NULL
     GROUP BY wallet_id
), pending AS (
    SELECT id, debits_pending, credits_pending
      FROM accounts
     WHERE debits_pending <> 0 OR credits_pending <> 0
)
SELECT COALESCE(p.id, h.wallet_id) AS id, COALESCE(p.debits_pending, 0) AS debits_pending,
       COALESCE(p.credits_pending, 0) AS credits_pending, COALESCE(h.held, 0) AS held
  FROM pending AS p
  FULL JOIN open_holds AS h ON h.wallet_id = p.id
 WHERE COALESCE(p.debits_pending, 0) <> COALESCE(h.held, 0)
    OR COALESCE(p.credits_pending, 0) <> 0
 ORDER BY 1
 LIMIT 20
