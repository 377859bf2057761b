-- Partitions of the events, oldest month first, the default one last.
SELECT c.relname
  FROM pg_inherits AS i
  JOIN pg_class AS c ON c.oid = i.inhrelid
 WHERE i.inhparent = 'event_batches'::regclass
 ORDER BY c.relname
