-- Other content under a known operation id: on record, never applied. At most $7 contents an id, so that a client
-- which sends ever new bodies under one key cannot fill the disk.
INSERT INTO operation_conflicts (operation_id, digest, kind, actor, body, recorded_at)
SELECT u.operation_id, u.digest, u.kind, u.actor, u.body, $6
  FROM (SELECT n.*, row_number() OVER (PARTITION BY operation_id) AS place
          FROM unnest($1::uuid[], $2::bytea[], $3::text[], $4::text[], $5::jsonb[])
            AS n (operation_id, digest, kind, actor, body)) AS u
 WHERE u.place + (SELECT count(*) FROM operation_conflicts AS c WHERE c.operation_id = u.operation_id) <= $7
    ON CONFLICT DO NOTHING
