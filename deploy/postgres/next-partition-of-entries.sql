-- Gives `entries`, partitioned by partition-entries.sql, one more partition: the newest one ends at the boundary.
--
--     psql -v ON_ERROR_STOP=1 -v newest=entries_second -v since=2027-02-01 -v boundary=2028-02-01 -v next=entries_third
--          -f deploy/postgres/next-partition-of-entries.sql
--
-- `since` is where the newest partition begins (\d+ entries shows it), the boundary is still ahead. There is no hurry: the
-- newest partition has no upper end, so an entry always finds its place. Locks are those of the first script.
--
-- DO NOT LET THE BOUNDARY PASS IN BETWEEN: from the first ALTER TABLE until the transaction, an entry dated after the
-- boundary is refused. To give up: ALTER TABLE :"newest" DROP CONSTRAINT entries_between;

SET timezone = 'UTC';
SET lock_timeout = '2s';
-- next
ALTER TABLE :"newest" ADD CONSTRAINT entries_between
    CHECK (recorded_at >= :'since'::timestamptz AND recorded_at < :'boundary'::timestamptz) NOT VALID;
-- next
ALTER TABLE :"newest" VALIDATE CONSTRAINT entries_between;
-- next
BEGIN;
ALTER TABLE entries DETACH PARTITION :"newest";
ALTER TABLE entries ATTACH PARTITION :"newest" FOR VALUES FROM (:'since') TO (:'boundary');
CREATE TABLE :"next" (LIKE :"newest" INCLUDING ALL);
ALTER TABLE :"next" DROP CONSTRAINT entries_between;
ALTER TABLE entries ATTACH PARTITION :"next" FOR VALUES FROM (:'boundary') TO (MAXVALUE);
ALTER TABLE :"newest" DROP CONSTRAINT entries_between;
CREATE TRIGGER entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON :"next"
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER entries_balance AFTER INSERT ON :"next"
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION check_entries_balance();
REVOKE UPDATE, DELETE, TRUNCATE ON :"next" FROM PUBLIC, CURRENT_USER;
COMMIT;
