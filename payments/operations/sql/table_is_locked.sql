-- Whether somebody has a lock on a table, or waits for one, that stops locking its rows; asked without touching the table.
SELECT EXISTS (
    SELECT FROM pg_locks AS l
      JOIN pg_class AS c ON c.oid = l.relation
     WHERE l.locktype = 'relation' AND c.relname = $1::text AND c.relnamespace = current_schema()::regnamespace
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND l.mode IN ('ExclusiveLock', 'AccessExclusiveLock') AND l.pid <> pg_backend_pid())
