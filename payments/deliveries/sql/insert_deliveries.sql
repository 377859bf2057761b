-- Deliveries of events to one endpoint, due at once.
INSERT INTO webhook_deliveries
       (id, endpoint_id, event_id, sequence, type, body, status, attempt_count, attempts, next_attempt_at, created_at,
        traceparent)
SELECT d.id, $1, d.event_id, d.sequence, d.type, d.body, 'pending', 0, '[]', now(), $2, d.traceparent
  FROM unnest($3::uuid[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[])
       AS d (id, event_id, sequence, type, body, traceparent)
    ON CONFLICT DO NOTHING
