-- The client of every key there is: it goes on under the name that its oldest key has in operations.
INSERT INTO api_clients (name, actor)
SELECT DISTINCT ON (name) name, 'key:' || id FROM api_keys ORDER BY name, created_at, id
-- next
-- A key that 0.1.0 makes beside this version is a caller of its own, unless its client is known.
CREATE FUNCTION api_keys_client() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO api_clients (name, actor) VALUES (NEW.name, 'key:' || NEW.id) ON CONFLICT DO NOTHING;
    RETURN NEW;
END $$
-- next
CREATE TRIGGER api_keys_client BEFORE INSERT ON api_keys
    FOR EACH ROW EXECUTE FUNCTION api_keys_client()
-- next
-- What one key of a client has proposed, another key of the same client must not approve.
UPDATE payouts AS p
   SET proposal = jsonb_set(p.proposal, '{proposed_by}', to_jsonb(c.actor))
  FROM api_keys AS k JOIN api_clients AS c USING (name)
 WHERE p.proposal IS NOT NULL AND p.proposal ->> 'proposed_by' = 'key:' || k.id AND c.actor <> 'key:' || k.id
-- next
UPDATE breaks AS b
   SET proposal = jsonb_set(b.proposal, '{proposed_by}', to_jsonb(c.actor))
  FROM api_keys AS k JOIN api_clients AS c USING (name)
 WHERE b.proposal IS NOT NULL AND b.proposal ->> 'proposed_by' = 'key:' || k.id AND c.actor <> 'key:' || k.id
