-- Whether the owners of the access tokens of this moment may still act: asked for every request, many in one query.
SELECT id, is_active, is_admin, generation
  FROM users
 WHERE id = ANY($1::bigint[])
