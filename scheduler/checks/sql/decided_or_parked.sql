-- Which of some accepted operations have an outcome or lie among the dead letters.
SELECT id FROM operations WHERE id = ANY($1::uuid[])
 UNION
SELECT operation_id FROM dead_letters WHERE operation_id = ANY($1::uuid[])
