-- When events are written, and up to when they are kept no more.
SELECT is_on, since, (SELECT max(before) FROM event_prunings) AS pruned_before
  FROM event_switches
 ORDER BY since, id
