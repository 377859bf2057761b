-- An operator decided: tried again or given up. Only an open letter can be closed.
UPDATE dead_letters SET state = $2, closed_at = $3, closed_by = $4 WHERE id = $1 AND state = 'parked'
