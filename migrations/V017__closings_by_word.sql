-- What V015 meant: two people's word counts when it was given after the closing; the desk opens by
-- itself only when everything was read and placed.
DROP TRIGGER closed_for_sending_opened;
CREATE TRIGGER closed_for_sending_opened BEFORE UPDATE OF opened_at ON closed_for_sending
WHEN NEW.opened_at IS NOT NULL AND (
    NEW.evidence = ''
    OR (NEW.reason = 'journal_incomplete' OR (NEW.reason = 'restore' AND NEW.opened_by <> 'desk'))
       AND 'resume' IS NOT (SELECT deed FROM sending_deeds
                            WHERE account = NEW.account AND at >= OLD.closed_at
                            ORDER BY seq DESC LIMIT 1)
    OR NEW.reason = 'restore' AND NEW.opened_by = 'desk'
       AND (EXISTS (SELECT 1 FROM reads_due d JOIN refunds r ON r.id = d.refund_id
                    WHERE d.account = NEW.account AND d.read_at IS NULL AND r.state = 'unknown')
            OR EXISTS (SELECT 1 FROM unplaced_sends
                       WHERE account = NEW.account AND placed_at IS NULL)))
BEGIN
    SELECT RAISE(ABORT, 'what a restore closed is opened by two people, with evidence');
END;
