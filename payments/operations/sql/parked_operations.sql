-- Which of some operations lie among the dead letters, for those who wait for them.
SELECT operation_id, payload
  FROM dead_letters
 WHERE operation_id = ANY($1::uuid[]) AND state = 'parked' AND stream = 'intents'
