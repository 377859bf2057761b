CREATE INDEX transfer_transactions_operation_id_idx ON transfer_transactions (operation_id)
    WHERE operation_id <> id;
-- next
CREATE INDEX transfer_transactions_created_at_kind_idx
    ON transfer_transactions (created_at, kind, actor, currency_number);
-- next
CREATE INDEX transfer_transactions_currency_minor_idx ON transfer_transactions (currency_number, minor);
-- next
CREATE INDEX transfer_transactions_reference_idx ON transfer_transactions (reference) WHERE reference IS NOT NULL;
-- next
CREATE INDEX transfer_transactions_metadata_idx ON transfer_transactions
    USING gin ((metadata::jsonb) jsonb_path_ops) WHERE metadata IS NOT NULL;
-- next
CREATE TRIGGER transfer_transactions_kept BEFORE UPDATE ON transfer_transactions
    FOR EACH ROW EXECUTE FUNCTION keep_transaction();
-- next
-- For each row: a statement on one of the tables above it reaches these rows, too.
CREATE TRIGGER transfer_transactions_not_deleted BEFORE DELETE ON transfer_transactions
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
-- next
CREATE TRIGGER transfer_transactions_not_emptied BEFORE TRUNCATE ON transfer_transactions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
