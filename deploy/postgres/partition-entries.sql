-- Makes `entries` a table partitioned by time, with all that is in it as the first partition. No row is copied.
--
--     psql -v ON_ERROR_STOP=1 -v boundary=2027-02-01 -f deploy/postgres/partition-entries.sql
--
-- Choose a boundary (midnight UTC) that is still ahead. Everything may go on running: the second ALTER TABLE reads the
-- table once and blocks nobody, the first one and the transaction at the end hold up writers for milliseconds. Each gives
-- up after waiting two seconds for somebody else and changes nothing; then go on from there. docs/scaling.md says when this
-- pays and what it costs.
--
-- DO NOT LET THE BOUNDARY PASS IN BETWEEN: from the first ALTER TABLE until the transaction, an entry dated after the
-- boundary is refused. To give up: ALTER TABLE entries DROP CONSTRAINT entries_upper;

SET timezone = 'UTC';
SET lock_timeout = '2s';
-- next
ALTER TABLE entries ADD CONSTRAINT entries_upper CHECK (recorded_at < :'boundary'::timestamptz) NOT VALID;
-- next
ALTER TABLE entries VALIDATE CONSTRAINT entries_upper;
-- next
BEGIN;
ALTER TABLE entries RENAME TO entries_first;
-- No key on the parent: it would have to contain the time, and be an index more on every partition. Each partition has
-- its own primary key (account_id, seq), which every row meets.
CREATE TABLE entries (LIKE entries_first INCLUDING DEFAULTS INCLUDING COMMENTS) PARTITION BY RANGE (recorded_at);
ALTER TABLE entries ADD CONSTRAINT entries_amount_check CHECK (amount <> 0);
CREATE TABLE entries_second (LIKE entries_first INCLUDING ALL);
ALTER TABLE entries_second DROP CONSTRAINT entries_upper;
ALTER TABLE entries ATTACH PARTITION entries_first FOR VALUES FROM (MINVALUE) TO (:'boundary');
ALTER TABLE entries ATTACH PARTITION entries_second FOR VALUES FROM (:'boundary') TO (MAXVALUE);
ALTER TABLE entries_first DROP CONSTRAINT entries_upper;
-- Append-only and balanced, whichever table a statement names.
CREATE TRIGGER entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entries_second
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER entries_balance AFTER INSERT ON entries
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION check_entries_balance();
CREATE TRIGGER entries_balance AFTER INSERT ON entries_second
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION check_entries_balance();
REVOKE UPDATE, DELETE, TRUNCATE ON entries, entries_second FROM PUBLIC, CURRENT_USER;
COMMIT;
-- next
ANALYZE entries;
