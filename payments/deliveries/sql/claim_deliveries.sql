-- Take what is due, of each endpoint as many as it has places. The new time is a lease: an executor that dies
-- leaves what it took to whoever looks after it.
WITH due AS (
    SELECT d.id
      FROM webhook_endpoints AS e
      JOIN unnest($1::uuid[], $2::int[]) AS free (id, places) ON free.id = e.id
     CROSS JOIN LATERAL (
               SELECT id
                 FROM webhook_deliveries
                WHERE endpoint_id = e.id AND next_attempt_at <= now()
                ORDER BY next_attempt_at
                LIMIT free.places
                  FOR UPDATE SKIP LOCKED
           ) AS d
     WHERE e.is_enabled
)
UPDATE webhook_deliveries AS w
   SET next_attempt_at = now() + make_interval(secs => $3)
  FROM due, webhook_endpoints AS e
 WHERE w.id = due.id AND e.id = w.endpoint_id
RETURNING w.id, w.endpoint_id, w.event_id, w.body, w.attempt_count, w.schedule_from, w.traceparent,
          e.url, e.secret, e.previous_secret, e.previous_until
