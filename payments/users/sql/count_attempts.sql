-- One more attempt in this window for each subject. The counter is the database's: it holds across processes.
INSERT INTO attempt_windows AS w (started_at, subject, attempts)
SELECT $1::timestamptz, s.subject, 1
  FROM unnest($2::text[]) AS s(subject)
 ORDER BY s.subject
    ON CONFLICT (started_at, subject) DO UPDATE SET attempts = w.attempts + 1
RETURNING subject, attempts
