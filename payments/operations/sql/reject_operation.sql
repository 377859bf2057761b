-- The operation of a discarded letter is decided at last; if it was applied meanwhile, that stands.
INSERT INTO operations (id, kind, digest, actor, status, reason, result, accepted_at, decided_at)
VALUES ($1, $2, $3, $4, $5, $6, '{}', $7, $8)
    ON CONFLICT (id) DO NOTHING
