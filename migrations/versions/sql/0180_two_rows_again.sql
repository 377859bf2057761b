-- Each transfer and its transaction in rows of their own, as before.
ALTER TABLE transfer_transactions NO INHERIT transfers;
-- next
ALTER TABLE transfer_transactions NO INHERIT transactions;
-- next
INSERT INTO transfers
       (id, source_wallet_id, destination_wallet_id, minor, currency, reversed_minor, reversal_of, description, created_at)
SELECT id, source_wallet_id, destination_wallet_id, minor, currency, reversed_minor, reversal_of, description, created_at
  FROM transfer_transactions;
-- next
INSERT INTO transactions
       (id, operation_id, kind, actor, currency_number, minor, postings, created_at, reference, description, metadata,
        effective_at, reversal_of, reversed_by)
SELECT id, operation_id, kind, actor, currency_number, minor, postings, created_at, reference, NULL, metadata,
       effective_at, reversal_of, reversed_by
  FROM transfer_transactions;
-- next
DROP TABLE transfer_transactions;
-- next
ALTER TABLE transactions RENAME COLUMN currency_number TO currency;
-- next
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_constraint WHERE conname = 'transactions_currency_number_not_null'
                  AND conrelid = 'transactions'::regclass) THEN
        ALTER TABLE transactions
            RENAME CONSTRAINT transactions_currency_number_not_null TO transactions_currency_not_null;
    END IF;
END $$;
-- next
CREATE OR REPLACE FUNCTION keep_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
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
