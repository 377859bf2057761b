-- Guarded accounts below zero, or below their limit. A CHECK constraint says the same; this notices when it was taken away.
SELECT code, available
  FROM (SELECT code, CASE guard WHEN 1 THEN credits_posted - debits_posted - debits_pending + overdraft_limit + forced_debt
                                WHEN 2 THEN debits_posted - credits_posted - credits_pending
                                ELSE 0 END AS available
          FROM accounts) AS a
 WHERE available < 0
 ORDER BY code
 LIMIT 20
