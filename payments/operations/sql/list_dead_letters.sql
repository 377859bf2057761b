-- Dead letters of a state, newest first, for operators.
SELECT id, stream, partition, stream_id, operation_id, kind, payload, error, attempts, state, parked_at, closed_at, closed_by
  FROM dead_letters WHERE state = $1 ORDER BY id DESC LIMIT $2
