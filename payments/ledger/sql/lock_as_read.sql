-- Locks accounts that are as these transactions have written them, sorted; how many there are.
SELECT count(*)
  FROM (SELECT
          FROM accounts AS a
          JOIN unnest($1::text::bigint[], $2::text::xid[]) AS u (id, written_by) ON u.id = a.id AND u.written_by = a.xmin
         ORDER BY a.id
           FOR NO KEY UPDATE OF a) AS locked
