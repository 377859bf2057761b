-- How a batch begins: its transaction; which of its operation ids have an outcome already; what lies among the dead
-- letters of them (deduplication). With $2, so many milliseconds, it does not wait longer for anybody's lock.
SELECT pg_current_xact_id()::xid,
       ARRAY(SELECT ROW(id, kind, digest, actor, status, reason, result, effects, accepted_at, decided_at)
               FROM operations WHERE id = ANY($1::uuid[])),
       ARRAY(SELECT ROW(operation_id, payload)
               FROM dead_letters
              WHERE operation_id = ANY($1::uuid[]) AND state = 'parked' AND stream = 'intents'),
       CASE WHEN $2::text IS NOT NULL THEN set_config('lock_timeout', $2::text, true) END
