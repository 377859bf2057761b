-- What was claimed and is not sent after all: whoever looks next may have it.
UPDATE webhook_deliveries
   SET next_attempt_at = now()
 WHERE id = ANY($1::uuid[]) AND next_attempt_at IS NOT NULL
