-- Endpoints that something is due for: an index look-up each. Times are the database's: hosts may disagree.
SELECT e.id, e.failing_since IS NOT NULL AS is_failing
  FROM webhook_endpoints AS e
 WHERE e.is_enabled
   AND EXISTS (SELECT FROM webhook_deliveries AS d WHERE d.endpoint_id = e.id AND d.next_attempt_at <= now())
