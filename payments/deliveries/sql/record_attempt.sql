-- What came of an attempt; only the last twenty are kept.
UPDATE webhook_deliveries
   SET status = $2,
       attempt_count = attempt_count + 1,
       attempts = CASE WHEN jsonb_array_length(attempts) >= 20 THEN attempts - 0 ELSE attempts END || $3::jsonb,
       last_attempt_at = $4,
       next_attempt_at = now() + make_interval(secs => $5)
 WHERE id = $1
