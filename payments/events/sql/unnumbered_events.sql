-- Whether anything waits for numbers: asked before taking the turn, which costs a commit.
SELECT 1
  FROM event_batches
 WHERE first_sequence IS NULL
 LIMIT 1
