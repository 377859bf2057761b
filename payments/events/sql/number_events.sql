-- Number what has committed, in the order it was written: what depends on another was written after it.
WITH waiting AS (
    SELECT written_at, id, sum(event_count) OVER (ORDER BY id) AS through, event_count
      FROM event_batches
     WHERE first_sequence IS NULL
     ORDER BY id
     LIMIT $2
), numbered AS (
    UPDATE event_batches AS b
       SET first_sequence = $1::bigint + w.through - w.event_count + 1
      FROM waiting AS w
     WHERE b.written_at = w.written_at AND b.id = w.id
    RETURNING w.through
)
UPDATE event_position
   SET last_sequence = $1::bigint + (SELECT max(through) FROM numbered)
 WHERE EXISTS (SELECT FROM numbered)
