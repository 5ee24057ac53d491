-- Guards the first version lacked.
--
-- A statement that replaces a row (INSERT OR REPLACE, UPDATE OR REPLACE) deletes the old one, and no
-- delete trigger fires unless the connection asked for that. So what may only be added is guarded
-- where it is added, and row numbers never change. Payments have no such guard: it would be felt on
-- every import, and a payment is no evidence: its captures are.
--
-- The bound on an amount, 10^14 minor units, is domain::money::LARGEST_MINOR: what is added up for one
-- payment then stays far within 64 bits.

DROP TRIGGER captures_added;
CREATE TRIGGER captures_added AFTER INSERT ON captures
WHEN NEW.executed_minor <> NEW.external_minor OR NEW.held_minor <> 0
  OR NEW.captured_minor > 100000000000000 OR NEW.external_minor > 100000000000000
BEGIN
    SELECT RAISE(ROLLBACK, 'an amount is beyond what the desk counts')
    WHERE NEW.captured_minor > 100000000000000 OR NEW.external_minor > 100000000000000;
    SELECT RAISE(ROLLBACK, 'a new capture starts without refunds of ours');
END;
CREATE TRIGGER captures_bounded BEFORE UPDATE OF external_minor ON captures
WHEN NEW.external_minor > 100000000000000
BEGIN
    SELECT RAISE(ROLLBACK, 'an amount is beyond what the desk counts');
END;
-- One of the same payment and name is refused where it is added to its payment (V006): a look into
-- that index for every new row would be felt on every import.
CREATE TRIGGER captures_not_replaced BEFORE INSERT ON captures
WHEN EXISTS (SELECT 1 FROM captures WHERE seq = NEW.seq)
BEGIN
    SELECT RAISE(ROLLBACK, 'captures are never replaced');
END;
CREATE TRIGGER captures_stay BEFORE UPDATE ON captures WHEN NEW.seq <> OLD.seq BEGIN
    SELECT RAISE(ROLLBACK, 'captures are never replaced');
END;
CREATE TRIGGER payments_stay BEFORE UPDATE ON payments WHEN NEW.id <> OLD.id BEGIN
    SELECT RAISE(ROLLBACK, 'payments are never replaced');
END;

CREATE TRIGGER refunds_not_replaced BEFORE INSERT ON refunds
WHEN EXISTS (SELECT 1 FROM refunds WHERE seq = NEW.seq)
  OR EXISTS (SELECT 1 FROM refunds WHERE id = NEW.id)
  OR EXISTS (SELECT 1 FROM refunds WHERE caller_key = NEW.caller_key)
BEGIN
    SELECT RAISE(ABORT, 'refunds are never replaced');
END;
CREATE TRIGGER refunds_stay BEFORE UPDATE ON refunds WHEN NEW.seq <> OLD.seq BEGIN
    SELECT RAISE(ABORT, 'refunds are never replaced');
END;

CREATE TRIGGER attempts_not_replaced BEFORE INSERT ON attempts
WHEN EXISTS (SELECT 1 FROM attempts WHERE refund_id = NEW.refund_id AND step = NEW.step AND number = NEW.number)
  OR EXISTS (SELECT 1 FROM attempts WHERE idempotency_key = NEW.idempotency_key)
  OR EXISTS (SELECT 1 FROM attempts WHERE correlation = NEW.correlation)
BEGIN
    SELECT RAISE(ABORT, 'attempts are never replaced');
END;
CREATE TRIGGER sends_not_replaced BEFORE INSERT ON sends
WHEN EXISTS (SELECT 1 FROM sends WHERE refund_id = NEW.refund_id AND step = NEW.step
             AND number = NEW.number AND send = NEW.send)
BEGIN
    SELECT RAISE(ABORT, 'sends are never replaced');
END;
CREATE TRIGGER observations_not_replaced BEFORE INSERT ON observations
WHEN EXISTS (SELECT 1 FROM observations WHERE seq = NEW.seq)
BEGIN
    SELECT RAISE(ABORT, 'observations are never replaced');
END;
CREATE TRIGGER audit_not_replaced BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq)
BEGIN
    SELECT RAISE(ABORT, 'the audit is never changed');
END;

-- A discrepancy is resolved once; what it said stays.
CREATE TRIGGER discrepancies_not_replaced BEFORE INSERT ON discrepancies
WHEN EXISTS (SELECT 1 FROM discrepancies WHERE seq = NEW.seq)
  OR EXISTS (SELECT 1 FROM discrepancies WHERE resolved_at IS NULL AND payment_id = NEW.payment_id
             AND coalesce(refund_id, '') = coalesce(NEW.refund_id, '') AND kind = NEW.kind AND detail = NEW.detail)
BEGIN
    SELECT RAISE(ABORT, 'discrepancies are never replaced');
END;
CREATE TRIGGER discrepancies_fixed BEFORE UPDATE ON discrepancies
WHEN NEW.seq <> OLD.seq OR NEW.payment_id <> OLD.payment_id OR NEW.refund_id IS NOT OLD.refund_id
  OR NEW.kind <> OLD.kind OR NEW.detail <> OLD.detail OR NEW.opened_at <> OLD.opened_at
  OR OLD.resolved_at IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'discrepancies are resolved, never changed');
END;

-- Where each payment comes from.
CREATE TRIGGER import_files_not_replaced BEFORE INSERT ON import_files
WHEN EXISTS (SELECT 1 FROM import_files WHERE seq = NEW.seq)
BEGIN
    SELECT RAISE(ABORT, 'the list of files is only added to');
END;
CREATE TRIGGER import_files_fixed BEFORE UPDATE ON import_files BEGIN
    SELECT RAISE(ABORT, 'the list of files is only added to');
END;
CREATE TRIGGER import_files_kept BEFORE DELETE ON import_files BEGIN
    SELECT RAISE(ABORT, 'the list of files is only added to');
END;

-- What the first version left behind: refunds that would never expire, and payments that a file
-- overdrew in silence.

UPDATE refunds SET due_at = expires_at WHERE state IN ('reserved', 'awaiting_approval') AND due_at IS NULL;

INSERT INTO discrepancies (payment_id, kind, detail, opened_at)
SELECT p.id, 'overdrawn', 'found when the database was upgraded', CAST(strftime('%s', 'now') AS INTEGER) * 1000
FROM payments p
WHERE p.available_minor < 0
   OR p.captures > 1 AND EXISTS (SELECT 1 FROM captures c WHERE c.payment_id = p.id
          AND c.captured_minor - c.executed_minor - c.held_minor - c.disputed_minor < 0);
