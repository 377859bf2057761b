-- Rows that hold events numbered below a number, newest first. The first of them may hold later ones too.
SELECT first_sequence, events, written_at
  FROM event_batches
 WHERE first_sequence < $1::bigint
 ORDER BY first_sequence DESC
 LIMIT $2
