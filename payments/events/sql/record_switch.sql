-- Since when events are written, or are not; only a change is recorded. Where operations were decided before, by
-- others that may still be at work, it counts some minutes later.
INSERT INTO event_switches (is_on, since)
SELECT $1::boolean, $2::timestamptz + CASE WHEN $1::boolean AND EXISTS (SELECT FROM operations) THEN interval '10 minutes'
                                           ELSE interval '0' END
 WHERE $1::boolean IS DISTINCT FROM (SELECT is_on FROM event_switches ORDER BY id DESC LIMIT 1)
   AND ($1::boolean OR EXISTS (SELECT FROM event_switches))
