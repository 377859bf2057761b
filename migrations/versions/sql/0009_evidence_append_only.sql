-- Evidence answers "why is my money held" and settles disputes: like entries, it is added to and never changed.
CREATE TRIGGER payout_evidence_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payout_evidence
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- next
CREATE TRIGGER deposit_evidence_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON deposit_evidence
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- next
CREATE TRIGGER operation_conflicts_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON operation_conflicts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- next
REVOKE UPDATE, DELETE, TRUNCATE ON payout_evidence, deposit_evidence, operation_conflicts FROM PUBLIC, CURRENT_USER;
