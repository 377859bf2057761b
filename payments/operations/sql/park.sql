-- Keeps an entry that cannot be applied; the same entry parked twice stays one row, and one parked again after a retry opens.
INSERT INTO dead_letters (stream, partition, stream_id, operation_id, kind, payload, error, attempts, parked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (stream, partition, stream_id) DO UPDATE
   SET error = excluded.error, attempts = dead_letters.attempts + excluded.attempts
