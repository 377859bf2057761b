-- One at a time numbers. The statement after this one sees all that committed before the lock was given.
SELECT last_sequence
  FROM event_position
   FOR UPDATE
