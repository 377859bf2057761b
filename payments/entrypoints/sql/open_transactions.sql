-- Sessions that have had locks on our tables for ten seconds, other than those that only read. Of another role's sessions only
-- a member of pg_read_all_stats sees since when.
SELECT a.pid, a.usename::text AS username, a.application_name AS application, a.state,
       extract(epoch FROM clock_timestamp() - a.xact_start)::int AS seconds,
       string_agg(DISTINCT c.relname::text, ', ' ORDER BY c.relname::text) AS tables
  FROM pg_locks AS l
  JOIN pg_class AS c ON c.oid = l.relation AND c.relkind IN ('r', 'p')
  JOIN pg_stat_activity AS a ON a.pid = l.pid AND a.backend_type = 'client backend'
 WHERE l.locktype = 'relation' AND l.granted AND l.mode <> 'AccessShareLock'
   AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
   AND c.relnamespace = current_schema()::regnamespace
   AND l.pid <> pg_backend_pid() AND a.xact_start < clock_timestamp() - interval '10 seconds'
 GROUP BY a.pid, a.usename, a.application_name, a.state, a.xact_start
 ORDER BY a.xact_start
 LIMIT 10
