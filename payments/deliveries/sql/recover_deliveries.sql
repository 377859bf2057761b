-- Send again what failed since, and begin its schedule of repeats anew.
UPDATE webhook_deliveries
   SET next_attempt_at = now(), schedule_from = attempt_count
 WHERE endpoint_id = $1 AND status = 'failed' AND last_attempt_at >= $2
