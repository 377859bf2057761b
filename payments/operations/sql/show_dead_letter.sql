-- One dead letter, whole.
SELECT id, stream, partition, stream_id, operation_id, kind, payload, error, attempts, state, parked_at, closed_at, closed_by
  FROM dead_letters WHERE id = $1
