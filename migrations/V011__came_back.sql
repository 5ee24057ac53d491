-- A refund that comes back raises an alert that stands until somebody acknowledges it. It is a
-- discrepancy of its own kind, `came_back`: it holds nothing back, for a refund in its place takes
-- two people anyway. Whoever sees it may acknowledge it, its maker too, and need not add a word.

DROP TRIGGER discrepancies_closed;
CREATE TRIGGER discrepancies_closed BEFORE UPDATE OF resolved_at ON discrepancies
WHEN NEW.resolved_at IS NOT NULL AND (
       coalesce(NEW.resolved_by, '') = ''
    OR NEW.kind <> 'came_back' AND (
           trim(coalesce(NEW.note, '')) = ''
        OR NEW.resolved_by = (SELECT maker FROM refunds WHERE id = NEW.refund_id)))
BEGIN
    SELECT RAISE(ABORT, 'a discrepancy is closed with a note, by another person than the maker of its refund');
END;

-- As in V006.
DROP TRIGGER refunds_held_back;
CREATE TRIGGER refunds_held_back BEFORE UPDATE OF state ON refunds
WHEN OLD.state = 'approved' AND NEW.state = 'submitting' AND EXISTS (
        SELECT 1 FROM discrepancies WHERE payment_id = NEW.payment_id AND resolved_at IS NULL
        AND kind NOT IN ('file_amount', 'file_currency', 'file_payer', 'evidence', 'external', 'came_back'))
BEGIN
    SELECT RAISE(ABORT, 'a discrepancy about the money of this payment is open');
END;

-- As in V010.
DROP TRIGGER refunds_hold;
CREATE TRIGGER refunds_hold AFTER INSERT ON refunds BEGIN
    UPDATE captures SET (executed_minor, held_minor, disputed_minor) =
        (SELECT executed_minor, held_minor, disputed_minor FROM capture_sums s WHERE s.seq = captures.seq)
    WHERE seq = NEW.capture_seq
       OR seq IN (SELECT d.capture_seq FROM dispute_refunds l JOIN disputes d ON d.seq = l.dispute_seq
                  WHERE l.refund_id = NEW.id);
    SELECT RAISE(ABORT, 'over available')
    WHERE NOT EXISTS (SELECT 1 FROM taking_over) AND (EXISTS (SELECT 1 FROM captures WHERE seq = NEW.capture_seq
                  AND captured_minor - executed_minor - held_minor - disputed_minor < 0)
       OR EXISTS (SELECT 1 FROM payments WHERE id = NEW.payment_id AND available_minor < 0)
       OR EXISTS (SELECT 1 FROM dispute_weights w
                  WHERE w.payment_id = NEW.payment_id AND w.takes_all
                    AND (w.capture_seq IS NULL OR w.capture_seq = NEW.capture_seq)
                    AND w.seq IS NOT (SELECT dispute_seq FROM dispute_refunds WHERE refund_id = NEW.id)));
    SELECT RAISE(ABORT, 'a discrepancy about the money of this payment is open')
    WHERE NOT EXISTS (SELECT 1 FROM taking_over)
      AND EXISTS (SELECT 1 FROM discrepancies WHERE payment_id = NEW.payment_id AND resolved_at IS NULL
                  AND kind NOT IN ('file_amount', 'file_currency', 'file_payer', 'evidence', 'external', 'came_back'));
END;
