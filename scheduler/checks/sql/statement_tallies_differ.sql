-- Statements whose stored numbers of lines by state, or of open breaks about their lines, are not what counting gives; and lines that are shown as nobody's though their payment has a webhook or an owner.
WITH counted AS (
    SELECT p.statement_id, l.shown_state AS word, count(*) AS number
      FROM statement_parts AS p
      JOIN statement_lines AS l ON l.id = p.line_id
     GROUP BY p.statement_id, l.shown_state
     UNION ALL
    SELECT p.statement_id, 'break', count(*)
      FROM breaks AS b
      JOIN statement_parts AS p ON p.line_id = line_of_break(b.provider, b.details)
     WHERE b.state <> 'resolved'
     GROUP BY p.statement_id
), stored AS (
    SELECT statement_id, word, sum(delta) AS number
      FROM statement_tallies
     GROUP BY statement_id, word
)
SELECT statement_id::text AS id,
       format('%s: counted %s, stored %s', word, COALESCE(c.number, 0), COALESCE(s.number, 0)) AS detail
  FROM counted AS c
  FULL JOIN stored AS s USING (statement_id, word)
 WHERE COALESCE(c.number, 0) <> COALESCE(s.number, 0)
 UNION ALL
SELECT l.id::text, 'a line is not shown as matched though its payment has a webhook or an owner'
  FROM statement_lines AS l
  JOIN organization_payments AS p ON p.id = l.id
 WHERE NOT l.is_met AND (p.webhook_id IS NOT NULL OR p.matched_at IS NOT NULL)
 LIMIT 20
