-- How far each partition is applied, and which of them are halted.
SELECT partition, last_ms, last_seq, halted_reason FROM stream_partitions ORDER BY partition
