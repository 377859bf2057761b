-- Which of the accounts that could not be locked are there: somebody else has locked them.
SELECT id FROM accounts WHERE id = ANY($1::text::bigint[])
