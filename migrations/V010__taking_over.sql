-- What a restore takes over from the send journal was sent: it is evidence, and evidence is stored
-- even where it takes what is available below zero or a discrepancy is open.

-- Holds a row only inside the transaction that takes over.
CREATE TABLE taking_over (one INTEGER PRIMARY KEY CHECK (one = 1)) STRICT;

-- As in V006, but for what is taken over.
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
                  AND kind NOT IN ('file_amount', 'file_currency', 'file_payer', 'evidence', 'external'));
END;
