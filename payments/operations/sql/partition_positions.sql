-- How far each partition is applied, and whether an operator must look first.
SELECT partition, last_ms, last_seq, halted_reason FROM stream_partitions ORDER BY partition
