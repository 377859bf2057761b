-- The events of a transaction, one row; the id is drawn as late as possible, so that it follows what it depends on.
INSERT INTO event_batches (written_at, event_count, events)
VALUES ($1, $2, $3)
