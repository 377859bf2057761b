-- The transactions of operations that were decided in a time, have entries and no transaction: those of 0.1.0. Debits meet
-- credits in their order, within a book and a currency: the two lines of amounts are laid beside each other, and where
-- they overlap is a posting. A transfer's transaction has the id of the transfer, by which it is reversed.
WITH missing AS MATERIALIZED (
    SELECT o.id, o.kind, o.actor, o.decided_at, o.result
      FROM operations AS o
     WHERE o.status = 'applied' AND o.decided_at >= $1::timestamptz AND o.decided_at < $2::timestamptz
       AND NOT EXISTS (SELECT FROM transactions AS t WHERE t.id = o.id)
       AND NOT EXISTS (SELECT FROM transactions AS t WHERE t.id = sortable_id(o.id, o.decided_at))
       AND NOT EXISTS (SELECT FROM ONLY transactions AS t WHERE t.operation_id = o.id AND t.operation_id <> t.id)
), moves AS MATERIALIZED (
    SELECT e.*
      FROM missing AS m
      JOIN entries AS e ON e.operation_id = m.id
     -- Entries are never dated before the decision; later by what clocks differ.
     WHERE e.recorded_at >= $1::timestamptz AND e.recorded_at < $2::timestamptz + interval '1 hour'
), whole AS (
    SELECT s.operation_id
      FROM (SELECT operation_id, sum(amount) AS rest FROM moves GROUP BY operation_id, book, currency) AS s
     GROUP BY s.operation_id
    HAVING bool_and(s.rest = 0)
), legs AS (
    SELECT e.operation_id, e.book, e.currency, e.account_id, abs(e.amount) AS minor, e.amount < 0 AS is_debit,
           -- In an operation that goes out and back, the owner pays first and is paid last.
           sum(abs(e.amount)) OVER (
               PARTITION BY e.operation_id, e.book, e.currency, e.amount < 0
               ORDER BY CASE WHEN e.amount < 0 THEN e.account_id ELSE -e.account_id END, e.seq
           ) AS until
      FROM moves AS e
      JOIN whole USING (operation_id)
), pairs AS (
    SELECT d.operation_id, d.account_id AS source, c.account_id AS destination, d.currency, d.book,
           least(d.until, c.until) AS until,
           (least(d.until, c.until) - greatest(d.until - d.minor, c.until - c.minor))::bigint AS minor
      FROM legs AS d
      JOIN legs AS c
        ON c.operation_id = d.operation_id AND c.book = d.book AND c.currency = d.currency AND NOT c.is_debit
       AND c.until - c.minor < d.until AND d.until - d.minor < c.until
     WHERE d.is_debit
), moved AS (
    SELECT operation_id,
           json_agg(json_build_array(source, destination, minor, currency) ORDER BY book, currency, until) AS postings
      FROM pairs
     GROUP BY operation_id
), added AS (
    INSERT INTO transactions (id, operation_id, kind, actor, currency_number, minor, postings, created_at, reversal_of)
    SELECT COALESCE((o.result ->> 'transfer_id')::uuid, o.id), o.id, o.kind, o.actor,
           (m.postings -> 0 ->> 3)::smallint, (m.postings -> 0 ->> 2)::bigint, m.postings, o.decided_at,
           CASE WHEN o.kind = 'transfer.reverse' THEN (o.result ->> 'reversal_of')::uuid END
      FROM moved AS m
      JOIN missing AS o ON o.id = m.operation_id
        ON CONFLICT (id) DO NOTHING
    RETURNING id, kind, actor, postings, currency_number, minor, created_at
), amounts AS (
    INSERT INTO transaction_amounts (transaction_id, position, currency, minor, created_at)
    SELECT DISTINCT ON (t.id, p.posting ->> 2, p.posting ->> 3)
           t.id, (p.position - 1)::smallint, (p.posting ->> 3)::smallint, (p.posting ->> 2)::bigint, t.created_at
      FROM added AS t
     CROSS JOIN LATERAL json_array_elements(t.postings) WITH ORDINALITY AS p (posting, position)
     WHERE json_array_length(t.postings) > 1
       AND ((p.posting ->> 3)::smallint, (p.posting ->> 2)::bigint) <> (t.currency_number, t.minor)
        ON CONFLICT DO NOTHING
), traits AS (
    INSERT INTO transaction_traits (trait, created_at)
    SELECT DISTINCT s.trait, t.created_at
      FROM added AS t
     CROSS JOIN LATERAL (
           VALUES ('kind:' || t.kind), ('actor:' || t.actor), ('currency:' || t.currency_number)
         ) AS s (trait)
)
SELECT count(*) FROM added
