-- What happened stays: entries and outcomes cannot be changed, and entries that do not balance cannot be written.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
-- next
CREATE TRIGGER entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- next
CREATE TRIGGER operations_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON operations
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- next
-- All legs of an operation are written by one statement, so one look at that statement's rows is the whole truth.
CREATE FUNCTION check_entries_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong record;
BEGIN
    SELECT operation_id, book, currency, sum(amount) AS off_by
      INTO wrong
      FROM written
     GROUP BY operation_id, book, currency
    HAVING sum(amount) <> 0
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'entries of operation % are off by % in book % currency %',
            wrong.operation_id, wrong.off_by, wrong.book, wrong.currency USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
-- next
CREATE TRIGGER entries_balance AFTER INSERT ON entries
    REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION check_entries_balance();
-- next
-- By grant as well, the owner's own included.
REVOKE UPDATE, DELETE, TRUNCATE ON entries, operations FROM PUBLIC, CURRENT_USER;
