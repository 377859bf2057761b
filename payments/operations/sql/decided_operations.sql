-- Outcomes by operation id, for those who wait for them and for keys that were used before.
SELECT id, kind, digest, actor, status, reason, result, effects, accepted_at, decided_at
  FROM operations
 WHERE id = ANY($1::uuid[])
