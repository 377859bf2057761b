-- Which of a batch's operation ids have an outcome already: the deduplication of every path.
SELECT id, kind, digest, actor, status, reason, result, effects, accepted_at, decided_at
  FROM operations
 WHERE id = ANY($1::uuid[])
