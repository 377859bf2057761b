-- Rows that hold events numbered above a number, in order. The row that holds the number itself may have more of them.
SELECT first_sequence, events, written_at
  FROM event_batches
 WHERE first_sequence >= coalesce(
           (SELECT max(first_sequence) FROM event_batches WHERE first_sequence <= $1::bigint + 1), 0)
 ORDER BY first_sequence
 LIMIT $2
