-- When the oldest delivery was made that enabled endpoints have not taken yet: an index look-up an endpoint.
SELECT min(d.created_at)
  FROM webhook_endpoints AS e
 CROSS JOIN LATERAL (
           SELECT created_at
             FROM webhook_deliveries
            WHERE endpoint_id = e.id AND next_attempt_at IS NOT NULL
            ORDER BY created_at
            LIMIT 1
       ) AS d
 WHERE e.is_enabled
