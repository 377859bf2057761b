-- A small batch, whole or not at all: nothing is written unless its accounts can be locked at once and each is as it was
-- read (what changes an account changes its xmin), and nothing is known of ids that were not looked up. Rows come as JSON:
-- one function a table costs less than an array a column. Gives the transaction, and whether the accounts were as read.
WITH seen AS MATERIALIZED (
    SELECT are_as_read, are_as_read AND NOT EXISTS(SELECT FROM operations WHERE id = ANY($10::uuid[]))
           AND NOT EXISTS(SELECT FROM dead_letters WHERE operation_id = ANY($10::uuid[])) AS is_as_read
      FROM (SELECT count(*) = cardinality($1::bigint[]) AS are_as_read
      FROM (SELECT
              FROM accounts AS a
              JOIN unnest($1::bigint[], $2::xid[]) AS u (id, written_by) ON u.id = a.id AND u.written_by = a.xmin
             ORDER BY a.id
               FOR NO KEY UPDATE OF a SKIP LOCKED) AS locked) AS accounts_
), decided AS (
    INSERT INTO operations (id, kind, digest, actor, status, reason, result, effects, accepted_at, decided_at)
    SELECT u.operation_id, u.kind, decode(u.digest, 'base64'), u.actor, u.status, u.reason, u.result::json,
           u.effects::json, u.accepted_at, $3
      FROM json_to_recordset($4::json)
        AS u (operation_id uuid, kind text, digest text, actor text, status text, reason text, result text,
              effects text, accepted_at timestamptz), seen
     WHERE seen.is_as_read
), posted AS (
    INSERT INTO entries (account_id, seq, amount, balance, recorded_at, operation_id, book, currency)
    SELECT u.account_id, u.seq, u.amount, u.balance, u.recorded_at, u.operation_id, u.book, u.currency
      FROM json_to_recordset($5::json)
        AS u (account_id bigint, seq bigint, amount bigint, balance bigint, recorded_at timestamptz, operation_id uuid,
              book bigint, currency smallint), seen
     WHERE seen.is_as_read
), counted AS (
    UPDATE accounts AS a
       SET debits_posted = u.debits_posted, credits_posted = u.credits_posted,
           debits_pending = u.debits_pending, credits_pending = u.credits_pending,
           version = u.version,
           last_entry_at = CASE WHEN u.version > a.version THEN GREATEST(a.last_entry_at, a.answered_until, $3)
                                ELSE a.last_entry_at END
      FROM json_to_recordset($6::json)
        AS u (id bigint, debits_posted bigint, credits_posted bigint, debits_pending bigint, credits_pending bigint,
              version bigint), seen
     WHERE a.id = u.id AND seen.is_as_read
), passed AS (
    UPDATE stream_partitions AS p
       SET last_ms = u.ms, last_seq = u.seq
      FROM json_to_recordset($7::json) AS u (partition int, ms bigint, seq bigint), seen
     WHERE p.partition = u.partition AND (p.last_ms, p.last_seq) < (u.ms, u.seq) AND seen.is_as_read
), told AS (
    INSERT INTO event_batches (written_at, event_count, events)
    SELECT $3, $8::int, $9::text FROM seen WHERE seen.is_as_read AND $8::int > 0
)/* rows */
SELECT CASE WHEN is_as_read THEN pg_current_xact_id()::xid END, are_as_read FROM seen
