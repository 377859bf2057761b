-- Before a balance by effective time is answered: no transaction will count from before that any more. Waits for the
-- batch that holds the account now.
UPDATE accounts
   SET effective_until = $2::timestamptz + interval '1 microsecond'
 WHERE id = $1
   AND COALESCE(effective_until, '-infinity') <= $2::timestamptz
