-- Accounts at banks whose ledger account is not what their booked lines say, less their fees and what claims have paid out, or is not the newest closing balance less the first opening one (of several statements that begin or end on such a day, one must fit). The second is asked only where nothing is left to book and no gap between statements is open. 76 is the kind of these accounts, whose balance is below zero by what the bank holds.
WITH held AS (
    SELECT n.number, sum(a.debits_posted - a.credits_posted) AS minor
      FROM statement_accounts AS n
      JOIN accounts AS a ON a.id >> 56 = 76 AND (a.id & ((1::bigint << 56) - 1)) >> 10 = n.number
     GROUP BY n.number
), lines AS (
    SELECT account, sum(minor - fee_minor) FILTER (WHERE state <> 'new') AS minor,
           count(*) FILTER (WHERE state = 'new') AS unbooked
      FROM statement_lines
     GROUP BY account
), claimed AS (
    SELECT s.account, sum(c.minor) AS minor
      FROM statement_claims AS c JOIN statements AS s ON s.id = c.item_id
     GROUP BY s.account
), days AS (
    SELECT account, min(begins) AS first, max(ends) AS last
      FROM statements
     WHERE opening_minor IS NOT NULL
     GROUP BY account
), spans AS (
    SELECT d.account, array_agg(DISTINCT z.closing_minor - o.opening_minor) AS minors
      FROM days AS d
      JOIN statements AS o ON o.account = d.account AND o.begins = d.first AND o.opening_minor IS NOT NULL
      JOIN statements AS z ON z.account = d.account AND z.ends = d.last AND z.closing_minor IS NOT NULL
     GROUP BY d.account
), gaps AS (
    SELECT details ->> 'account' AS account
      FROM breaks
     WHERE kind = 'statement_gap' AND state <> 'resolved'
     GROUP BY 1
)
SELECT n.account AS id,
       format('holds %s; its lines less what was paid out say %s, its statements %s',
              COALESCE(h.minor, 0), COALESCE(l.minor, 0) - COALESCE(c.minor, 0), p.minors) AS detail
  FROM statement_accounts AS n
  LEFT JOIN held AS h ON h.number = n.number
  LEFT JOIN lines AS l ON l.account = n.account
  LEFT JOIN claimed AS c ON c.account = n.account
  LEFT JOIN spans AS p ON p.account = n.account
  LEFT JOIN gaps AS g ON g.account = n.account
 WHERE COALESCE(h.minor, 0) <> COALESCE(l.minor, 0) - COALESCE(c.minor, 0)
    OR (g.account IS NULL AND COALESCE(l.unbooked, 0) = 0 AND NOT COALESCE(h.minor, 0) = ANY (p.minors))
 LIMIT 20
