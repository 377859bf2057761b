-- Dead letters nobody has dealt with since before a time.
SELECT id, kind, parked_at
  FROM dead_letters
 WHERE state = 'parked' AND parked_at < $1::timestamptz
 ORDER BY id
 LIMIT 20
