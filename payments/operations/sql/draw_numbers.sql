-- Fresh numbers for a whole batch; gaps after a rollback are fine.
SELECT nextval($1::text::regclass) FROM generate_series(1, $2::int)
