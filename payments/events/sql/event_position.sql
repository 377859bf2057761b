-- The last number given to an event, and up to which number events are kept no more.
SELECT last_sequence, pruned_through
  FROM event_position
