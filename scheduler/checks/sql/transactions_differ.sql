-- Operations whose transaction does not say what their entries moved, account by account.
WITH said AS (
    SELECT t.operation_id, s.account_id, s.currency, sum(s.minor) AS minor
      FROM transactions AS t
     CROSS JOIN LATERAL json_array_elements(t.postings) AS p
     CROSS JOIN LATERAL (VALUES ((p ->> 0)::bigint, (p ->> 3)::smallint, -(p ->> 2)::bigint),
                                ((p ->> 1)::bigint, (p ->> 3)::smallint, (p ->> 2)::bigint))
                     AS s (account_id, currency, minor)
     GROUP BY 1, 2, 3
), moved AS (
    SELECT operation_id, account_id, currency, sum(amount) AS minor FROM entries GROUP BY 1, 2, 3
)
SELECT COALESCE(s.operation_id, m.operation_id) AS id,
       format('account %s: its transaction says %s, its entries say %s', COALESCE(s.account_id, m.account_id),
              COALESCE(s.minor::text, 'nothing'), COALESCE(m.minor::text, 'nothing')) AS detail
  FROM said AS s
  FULL JOIN moved AS m USING (operation_id, account_id, currency)
 WHERE s.minor IS DISTINCT FROM m.minor
 LIMIT 20
