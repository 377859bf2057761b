-- Before a balance at a time is answered: no entry will be dated before that any more. Waits for the batch that holds the
-- account now; an entry after that time makes it unnecessary, because times never go back within an account.
UPDATE accounts
   SET answered_until = $2::timestamptz + interval '1 microsecond'
 WHERE id = $1
   AND COALESCE(GREATEST(last_entry_at, answered_until), '-infinity') <= $2::timestamptz
