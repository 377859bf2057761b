-- Other content under a known operation id: on record, never applied.
INSERT INTO operation_conflicts (operation_id, digest, kind, actor, body, recorded_at)
SELECT u.*, $6 FROM unnest($1::uuid[], $2::bytea[], $3::text[], $4::text[], $5::jsonb[]) AS u
    ON CONFLICT DO NOTHING
