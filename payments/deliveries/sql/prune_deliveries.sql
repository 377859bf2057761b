-- Delete some old deliveries that are not sent again, and write down how many.
WITH gone AS (
    DELETE FROM webhook_deliveries
     WHERE id IN (
               SELECT id
                 FROM webhook_deliveries
                WHERE next_attempt_at IS NULL AND created_at < $1
                ORDER BY created_at
                LIMIT $2
           )
    RETURNING created_at
), counted AS (
    SELECT count(*) AS deliveries, min(created_at) AS first_at, max(created_at) AS last_at
      FROM gone
), recorded AS (
    INSERT INTO webhook_prunings (deliveries, first_created_at, last_created_at, pruned_at)
    SELECT deliveries, first_at, last_at, $3
      FROM counted
     WHERE deliveries > 0
)
SELECT deliveries
  FROM counted
