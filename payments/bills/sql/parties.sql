-- Does the user exist, and whose is the bill: for all top-ups of this moment that are not remembered yet.
SELECT k.user_id, k.bill_id, u.id IS NOT NULL, b.user_id
  FROM unnest($1::bigint[], $2::bigint[]) AS k(user_id, bill_id)
  LEFT JOIN users u ON u.id = k.user_id
  LEFT JOIN bills b ON b.id = k.bill_id
