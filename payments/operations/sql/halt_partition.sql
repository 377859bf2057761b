-- Redis was found behind what is applied: accept nothing until an operator has looked.
UPDATE stream_partitions SET halted_reason = $2 WHERE partition = $1 AND halted_reason IS NULL
