-- The highest number of an event that a partition holds and that was written before a time.
SELECT coalesce(max(first_sequence + event_count - 1), 0)
  FROM event_batches_rest
 WHERE written_at < $1
