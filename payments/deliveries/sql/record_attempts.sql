-- What came of some attempts, each of another delivery; only the last twenty of a delivery are kept.
UPDATE webhook_deliveries AS w
   SET status = u.status,
       attempt_count = w.attempt_count + 1,
       attempts = CASE WHEN jsonb_array_length(w.attempts) >= 20 THEN w.attempts - 0 ELSE w.attempts END
                  || u.attempt::jsonb,
       last_attempt_at = u.at,
       next_attempt_at = now() + make_interval(secs => u.again_after_s)
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::float8[])
       AS u (id, status, attempt, at, again_after_s)
 WHERE w.id = u.id
