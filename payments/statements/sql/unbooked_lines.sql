-- Lines to book, in the order of their ids, each with what it may meet: a payout, or in a settlement file a deposit, that its reference ends with, or the line it takes back and whose payment that is. A line that takes back one that is not booked yet waits. A return without a reference (1C) names the document it returns in its purpose.
SELECT l.id, a.number AS account_number, s.format, l.currency, l.minor, l.fee_minor, l.kind, l.inn, l.number,
       l.document_date, l.posted, l.purpose, l.reference, CASE WHEN l.minor < 0 THEN (SELECT p.id FROM payouts AS p WHERE p.merchant_id = m.merchant_id) END AS payout_id,
       CASE WHEN l.minor > 0 AND s.opening_minor IS NULL THEN (
           SELECT d.id FROM deposits AS d WHERE d.merchant_id = m.merchant_id
       ) END AS deposit_id, r.id AS reverses,
       CASE WHEN r.id IS NOT NULL THEN (
           SELECT w.organization_id FROM organization_payments AS w WHERE w.line_id = r.id
       ) END AS owner_id, s.opening_minor IS NULL AS is_settlement,
       l.minor < 0 OR s.opening_minor IS NULL OR NOT EXISTS (
           SELECT 1 FROM statement_lines AS o
            WHERE o.account = l.account AND o.posted = l.posted AND o.id <> l.id AND o.inn = l.inn
              AND o.number = l.number AND o.document_date IS NOT DISTINCT FROM l.document_date
       ) AS is_alone
  FROM statement_lines AS l
  JOIN statement_accounts AS a ON a.account = l.account
  JOIN statements AS s ON s.id = l.statement_id
 CROSS JOIN LATERAL (
       SELECT CAST(substring(l.reference FROM '(?:^|[^0-9])([1-9][0-9]{0,15})$') AS bigint) AS merchant_id
  ) AS m
  LEFT JOIN LATERAL (
       SELECT b.id, b.state
         FROM (
              SELECT e.id, e.state, e.posted FROM statement_lines AS e
               WHERE l.kind = 'return' AND l.reference <> ''
                 AND e.account = l.account AND e.reference <> '' AND e.reference = l.reference AND e.minor = -l.minor
                 AND e.kind <> 'return' AND e.posted <= l.posted AND e.reversed_by IS NULL
               UNION ALL
              SELECT e.id, e.state, e.posted FROM statement_lines AS e
               WHERE l.kind = 'return' AND l.reference = ''
                 AND e.account = l.account AND e.counterparty_account = l.counterparty_account AND e.minor = -l.minor
                 AND e.counterparty_account <> '' AND e.number ~ '^[0-9]*[1-9][0-9]*$'
                 AND l.purpose ~ ('(^|[^0-9])0*' || ltrim(e.number, '0') || '([^0-9]|$)')
                 AND e.kind <> 'return' AND e.posted <= l.posted AND e.reversed_by IS NULL
         ) AS b
        ORDER BY b.posted DESC, b.id
        LIMIT 1
  ) AS r ON true
 WHERE l.state = 'new' AND l.id > $2
   AND (CAST($1 AS uuid) IS NULL OR l.statement_id = $1)
   AND r.state IS DISTINCT FROM 'new'
 ORDER BY l.id
 LIMIT $3
