-- What SuperPay's clearing account should hold by payouts, deposits, what banks' statements show of them, and resolved breaks, where it does not. 69 is its kind.
WITH expected AS (
    SELECT currency, sum(minor) AS minor
      FROM (
        SELECT currency, minor FROM payouts WHERE state = 'paid'
        UNION ALL
        SELECT paid_currency, -paid_minor FROM deposits WHERE paid_minor IS NOT NULL
        UNION ALL
        SELECT currency, minor FROM statement_lines WHERE counter_id >> 56 = 69
        UNION ALL
        SELECT p.currency, c.minor FROM statement_claims AS c JOIN payouts AS p ON p.id = c.item_id
        UNION ALL
        SELECT e.ledger_currency, e.minor
          FROM breaks AS b
          JOIN LATERAL (
            SELECT a.currency AS ledger_currency, sum(n.amount) AS minor
              FROM entries AS n JOIN accounts AS a ON a.id = n.account_id
             WHERE n.operation_id = b.resolution_id AND a.code LIKE 'superpay_clearing:%'
             GROUP BY a.currency
          ) AS e ON true
         WHERE b.resolution_id IS NOT NULL
      ) AS parts
     GROUP BY currency
), clearing AS (
    SELECT currency, credits_posted - debits_posted AS balance
      FROM accounts
     WHERE code LIKE 'superpay_clearing:%'
)
SELECT COALESCE(c.currency, x.currency) AS currency, COALESCE(c.balance, 0) AS balance,
       COALESCE(x.minor, 0) AS expected
  FROM clearing AS c
  FULL JOIN expected AS x ON x.currency = c.currency
 WHERE COALESCE(c.balance, 0) <> COALESCE(x.minor, 0)
 LIMIT 20
