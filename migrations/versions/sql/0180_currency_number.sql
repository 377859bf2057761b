-- A table may be of both only when a name means the same in both: `transfers` has the code of the currency.
ALTER TABLE transactions RENAME COLUMN currency TO currency_number;
-- next
-- PostgreSQL 18 names what must not be null.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_constraint WHERE conname = 'transactions_currency_not_null'
                  AND conrelid = 'transactions'::regclass) THEN
        ALTER TABLE transactions
            RENAME CONSTRAINT transactions_currency_not_null TO transactions_currency_number_not_null;
    END IF;
END $$;
-- next
-- What moved, when, and by whom is never rewritten: of a transaction only its metadata and its reversal may change.
CREATE OR REPLACE FUNCTION keep_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.operation_id, NEW.kind, NEW.actor, NEW.currency_number, NEW.minor, NEW.postings::text,
        NEW.created_at, NEW.reference, NEW.description, NEW.effective_at, NEW.reversal_of)
       IS DISTINCT FROM
       (OLD.id, OLD.operation_id, OLD.kind, OLD.actor, OLD.currency_number, OLD.minor, OLD.postings::text,
        OLD.created_at, OLD.reference, OLD.description, OLD.effective_at, OLD.reversal_of)
       OR OLD.reversed_by IS NOT NULL AND NEW.reversed_by IS DISTINCT FROM OLD.reversed_by THEN
        RAISE EXCEPTION 'transaction % may not be rewritten', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
