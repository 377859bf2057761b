-- An Idempotency-Key is taken by a request that is many operations: it is decided as soon as it is written.
INSERT INTO operations (id, kind, digest, actor, status, result, accepted_at, decided_at)
VALUES ($1, $2, $3, $4, 'applied', '{}', $5, $5)
    ON CONFLICT (id) DO NOTHING
