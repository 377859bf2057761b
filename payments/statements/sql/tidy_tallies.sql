-- One row for each word in place of the changes that are seen. Two that tidy at once wait for each other, and the second finds nothing. $1: the statement.
WITH gone AS (
    DELETE FROM statement_tallies WHERE statement_id = $1 RETURNING word, delta
)
INSERT INTO statement_tallies (statement_id, word, delta)
SELECT $1, word, sum(delta) FROM gone GROUP BY word HAVING sum(delta) <> 0
