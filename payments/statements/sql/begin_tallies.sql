-- The lines of a statement by their state, and the open breaks that are about them: some of them were there before it. $1: the statement.
INSERT INTO statement_tallies (statement_id, word, delta)
SELECT $1::uuid, l.shown_state, count(*)
  FROM statement_parts AS p
  JOIN statement_lines AS l ON l.id = p.line_id
 WHERE p.statement_id = $1
 GROUP BY l.shown_state
 UNION ALL
SELECT $1, 'break', count(*)
  FROM breaks AS b
  JOIN statement_parts AS p ON p.statement_id = $1 AND p.line_id = line_of_break(b.provider, b.details)
 WHERE b.state <> 'resolved'
