-- Open holds of some wallets that end until a time, for the operations that may take their money.
SELECT id, wallet_id, purpose, minor, captured_minor, released_minor, currency, description, expires_at, created_at,
       closed_at
  FROM holds
 WHERE wallet_id = ANY($1::bigint[]) AND closed_at IS NULL AND expires_at <= $2
 ORDER BY id
