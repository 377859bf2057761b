-- Transactions that a list by kind, caller or currency leaves out, one of each time.
SELECT m.id, format('is left out of lists by %s at %s', s.trait, m.created_at) AS detail
  FROM (SELECT DISTINCT ON (created_at, kind, actor, currency_number) id, created_at, kind, actor, currency_number
          FROM transactions
         ORDER BY created_at, kind, actor, currency_number) AS m
 CROSS JOIN LATERAL (
       VALUES ('kind:' || m.kind), ('actor:' || m.actor), ('currency:' || m.currency_number)
     ) AS s (trait)
 WHERE NOT EXISTS (SELECT FROM transaction_traits AS t WHERE t.trait = s.trait AND t.created_at = m.created_at)
 LIMIT 20
