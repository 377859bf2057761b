-- How many lines of a statement are in which state, and how many open breaks are about its lines, is written down where it changes: a row for each change, added up
-- when somebody asks. A statement that takes in lines of earlier ones counts them once, holding lock 7203103 alone; changes hold it together with each other.
CREATE FUNCTION statement_lines_tally() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM after_lines AS n JOIN before_lines AS o ON o.id = n.id
                    WHERE n.shown_state <> o.shown_state) THEN
        RETURN NULL;
    END IF;
    PERFORM pg_advisory_xact_lock_shared(7203103);
    INSERT INTO statement_tallies (statement_id, word, delta)
    SELECT p.statement_id, v.word, sum(v.delta)
      FROM after_lines AS n
      JOIN before_lines AS o ON o.id = n.id
      JOIN statement_parts AS p ON p.line_id = n.id
     CROSS JOIN LATERAL (VALUES (o.shown_state, -1), (n.shown_state, 1)) AS v (word, delta)
     WHERE n.shown_state <> o.shown_state
     GROUP BY p.statement_id, v.word
    HAVING sum(v.delta) <> 0;
    RETURN NULL;
END $$;
-- next
CREATE TRIGGER statement_lines_tally AFTER UPDATE ON statement_lines
    REFERENCING OLD TABLE AS before_lines NEW TABLE AS after_lines
    FOR EACH STATEMENT EXECUTE FUNCTION statement_lines_tally();
-- next
CREATE FUNCTION organization_payments_met() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE statement_lines AS l SET is_met = true
      FROM after_payments AS n
     WHERE l.id = n.id AND NOT l.is_met AND (n.webhook_id IS NOT NULL OR n.matched_at IS NOT NULL);
    RETURN NULL;
END $$;
-- next
CREATE TRIGGER organization_payments_added AFTER INSERT ON organization_payments
    REFERENCING NEW TABLE AS after_payments
    FOR EACH STATEMENT EXECUTE FUNCTION organization_payments_met();
-- next
CREATE TRIGGER organization_payments_met AFTER UPDATE ON organization_payments
    REFERENCING NEW TABLE AS after_payments
    FOR EACH STATEMENT EXECUTE FUNCTION organization_payments_met();
-- next
CREATE FUNCTION line_of_break(provider text, details jsonb) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN provider = 'bank' THEN CAST(details ->> 'line_id' AS uuid) END
$$;
-- next
CREATE FUNCTION breaks_tally() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM after_breaks WHERE line_of_break(provider, details) IS NOT NULL) THEN
        RETURN NULL;
    END IF;
    PERFORM pg_advisory_xact_lock_shared(7203103);
    IF TG_OP = 'INSERT' THEN
        INSERT INTO statement_tallies (statement_id, word, delta)
        SELECT p.statement_id, 'break', count(*)
          FROM after_breaks AS n
          JOIN statement_parts AS p ON p.line_id = line_of_break(n.provider, n.details)
         WHERE n.state <> 'resolved'
         GROUP BY p.statement_id;
    ELSE
        INSERT INTO statement_tallies (statement_id, word, delta)
        SELECT p.statement_id, 'break', sum(v.delta)
          FROM after_breaks AS n
          JOIN before_breaks AS o ON o.id = n.id
         CROSS JOIN LATERAL (
               VALUES (line_of_break(o.provider, o.details), -CAST(o.state <> 'resolved' AS integer)),
                      (line_of_break(n.provider, n.details), CAST(n.state <> 'resolved' AS integer))
          ) AS v (line_id, delta)
          JOIN statement_parts AS p ON p.line_id = v.line_id
         WHERE v.delta <> 0
         GROUP BY p.statement_id
        HAVING sum(v.delta) <> 0;
    END IF;
    RETURN NULL;
END $$;
-- next
CREATE TRIGGER breaks_added AFTER INSERT ON breaks
    REFERENCING NEW TABLE AS after_breaks
    FOR EACH STATEMENT EXECUTE FUNCTION breaks_tally();
-- next
CREATE TRIGGER breaks_tally AFTER UPDATE ON breaks
    REFERENCING OLD TABLE AS before_breaks NEW TABLE AS after_breaks
    FOR EACH STATEMENT EXECUTE FUNCTION breaks_tally();
-- next
INSERT INTO statement_tallies (statement_id, word, delta)
SELECT p.statement_id, l.shown_state, count(*)
  FROM statement_parts AS p
  JOIN statement_lines AS l ON l.id = p.line_id
 GROUP BY p.statement_id, l.shown_state
 UNION ALL
SELECT p.statement_id, 'break', count(*)
  FROM breaks AS b
  JOIN statement_parts AS p ON p.line_id = line_of_break(b.provider, b.details)
 WHERE b.state <> 'resolved'
 GROUP BY p.statement_id;
