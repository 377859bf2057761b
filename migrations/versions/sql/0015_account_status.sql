-- While 0.1.0 runs beside this release, each of the two columns follows the other. The trigger fires for statements that
-- name one of them, so the hot update of counters does not pay for it.
CREATE FUNCTION accounts_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status IS DISTINCT FROM OLD.status THEN
        NEW.is_frozen := NEW.status <> 'open';
    ELSIF NEW.is_frozen IS DISTINCT FROM OLD.is_frozen AND NEW.status <> 'closed' THEN
        NEW.status := CASE WHEN NEW.is_frozen THEN 'frozen' ELSE 'open' END;
    ELSE
        NEW.is_frozen := NEW.status <> 'open';
    END IF;
    RETURN NEW;
END $$;
-- next
CREATE TRIGGER accounts_status BEFORE UPDATE OF status, is_frozen ON accounts
    FOR EACH ROW EXECUTE FUNCTION accounts_status();
