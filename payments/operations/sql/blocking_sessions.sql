-- The sessions at the head of the queue that a session waits in: those that wait for nobody themselves.
WITH RECURSIVE waiting (pid, blocker, depth) AS (
    SELECT $1::int, unnest(pg_blocking_pids($1::int)), 1
    UNION
    SELECT w.blocker, unnest(pg_blocking_pids(w.blocker)), w.depth + 1 FROM waiting AS w WHERE w.depth < 5
)
SELECT DISTINCT w.blocker AS pid, a.usename::text AS username, a.application_name AS application, a.state,
       coalesce(a.xact_start, a.backend_start) AS since, a.query AS statement
  FROM waiting AS w
  LEFT JOIN pg_stat_activity AS a ON a.pid = w.blocker
 WHERE NOT EXISTS (SELECT FROM waiting AS further WHERE further.pid = w.blocker)
 ORDER BY w.blocker
 LIMIT 10
