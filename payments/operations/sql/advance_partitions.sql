-- How far each partition is applied, in the very transaction that applied it.
UPDATE stream_partitions AS p
   SET last_ms = u.ms, last_seq = u.seq
  FROM unnest($1::int[], $2::bigint[], $3::bigint[]) AS u (partition, ms, seq)
 WHERE p.partition = u.partition AND (p.last_ms, p.last_seq) < (u.ms, u.seq)
