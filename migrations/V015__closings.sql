-- What a restore closed opens again on the word of two people, or because its refunds were read from
-- their provider: held against SQL typed by hand, as stopped sending is (V007).

CREATE TRIGGER closed_for_sending_not_replaced BEFORE INSERT ON closed_for_sending
WHEN EXISTS (SELECT 1 FROM closed_for_sending WHERE seq = NEW.seq)
BEGIN
    SELECT RAISE(ABORT, 'closings are opened again, never replaced');
END;
CREATE TRIGGER closed_for_sending_opened BEFORE UPDATE OF opened_at ON closed_for_sending
WHEN NEW.opened_at IS NOT NULL AND (
    NEW.evidence = ''
    OR (NEW.reason = 'journal_incomplete' OR (NEW.reason = 'restore' AND NEW.opened_by <> 'desk'))
       AND 'resume' IS NOT (SELECT deed FROM sending_deeds WHERE account = NEW.account
                            ORDER BY seq DESC LIMIT 1))
BEGIN
    SELECT RAISE(ABORT, 'what a restore closed is opened by two people, with evidence');
END;

-- What was taken over from the send journal may take a balance below zero; then nothing more of it
-- is sent, whoever writes the row.
CREATE TRIGGER refunds_covered BEFORE UPDATE OF state ON refunds
WHEN OLD.state = 'approved' AND NEW.state = 'submitting'
 AND (EXISTS (SELECT 1 FROM captures WHERE seq = NEW.capture_seq
              AND captured_minor - executed_minor - held_minor - disputed_minor < 0)
      OR EXISTS (SELECT 1 FROM payments WHERE id = NEW.payment_id AND available_minor < 0))
BEGIN
    SELECT RAISE(ABORT, 'over available');
END;

-- One trigger less for each row of an import: what V002 and V006 asked in two.
DROP TRIGGER captures_added;
DROP TRIGGER captures_added_to_payment;
CREATE TRIGGER captures_added AFTER INSERT ON captures
WHEN NEW.executed_minor <> NEW.external_minor OR NEW.held_minor <> 0
  OR NEW.captured_minor > 100000000000000 OR NEW.external_minor > 100000000000000
  OR EXISTS (SELECT 1 FROM payments WHERE id = NEW.payment_id)
BEGIN
    SELECT RAISE(ROLLBACK, 'an amount is beyond what the desk counts')
    WHERE NEW.captured_minor > 100000000000000 OR NEW.external_minor > 100000000000000;
    SELECT RAISE(ROLLBACK, 'a new capture starts without refunds of ours')
    WHERE NEW.executed_minor <> NEW.external_minor OR NEW.held_minor <> 0;
    SELECT RAISE(ROLLBACK, 'captures are never replaced')
    WHERE (SELECT count(*) FROM captures WHERE payment_id = NEW.payment_id)
       <> (SELECT captures + 1 FROM payments WHERE id = NEW.payment_id);
    UPDATE payments SET (captures, captured_minor, executed_minor, held_minor, disputed_minor) =
        (SELECT captures, captured_minor, executed_minor, held_minor, disputed_minor
         FROM payment_sums WHERE id = NEW.payment_id)
    WHERE id = NEW.payment_id;
END;
