-- Which of a batch's operation ids have an outcome already, or lie among the dead letters (`letter`): deduplication.
SELECT id, kind, digest, actor, status, reason, result, effects, accepted_at, decided_at, NULL::bytea AS letter
  FROM operations
 WHERE id = ANY($1::uuid[])
 UNION ALL
SELECT operation_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, payload
  FROM dead_letters
 WHERE operation_id = ANY($1::uuid[]) AND state = 'parked' AND stream = 'intents'
