-- What moved, when, and by whom is never rewritten: of a transaction only its metadata and its reversal may change.
CREATE FUNCTION keep_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.operation_id, NEW.kind, NEW.actor, NEW.currency, NEW.minor, NEW.postings::text, NEW.created_at,
        NEW.reference, NEW.description, NEW.effective_at, NEW.reversal_of)
       IS DISTINCT FROM
       (OLD.id, OLD.operation_id, OLD.kind, OLD.actor, OLD.currency, OLD.minor, OLD.postings::text, OLD.created_at,
        OLD.reference, OLD.description, OLD.effective_at, OLD.reversal_of)
       OR OLD.reversed_by IS NOT NULL AND NEW.reversed_by IS DISTINCT FROM OLD.reversed_by THEN
        RAISE EXCEPTION 'transaction % may not be rewritten', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
-- next
CREATE TRIGGER transactions_kept BEFORE UPDATE ON transactions
    FOR EACH ROW EXECUTE FUNCTION keep_transaction();
-- next
CREATE TRIGGER transactions_not_deleted BEFORE DELETE OR TRUNCATE ON transactions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- next
CREATE TRIGGER transaction_changes_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON transaction_changes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
