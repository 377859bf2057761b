-- Which events of a partition are let go, and that readers cannot begin before them any more.
WITH gone AS (
    SELECT min(first_sequence) AS first_sequence, max(first_sequence + event_count - 1) AS last_sequence
      FROM event_batches_rest
     WHERE written_at < $3
), recorded AS (
    INSERT INTO event_prunings (partition, first_sequence, last_sequence, pruned_at, before)
    SELECT $1, first_sequence, last_sequence, $2, $3
      FROM gone
     WHERE last_sequence IS NOT NULL
    RETURNING last_sequence
)
UPDATE event_position
   SET pruned_through = greatest(pruned_through, r.last_sequence)
  FROM recorded AS r
