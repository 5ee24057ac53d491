-- Names and contact data of payers can be erased (domain.md, rule 7), by two people or when their time
-- is over. They stand in `payments` as long as they live, because lists are searched by them and an
-- import writes 100,000 of them in two seconds; here stands what is left of them: the salted hash.
-- The audit never held the values themselves.

ALTER TABLE payments ADD COLUMN name_erased_at     INTEGER;
ALTER TABLE payments ADD COLUMN contacts_erased_at INTEGER;

-- What is erased stays so, whatever a later file says, and whoever writes the row.
CREATE TRIGGER payments_name_erased BEFORE UPDATE OF payer, name_erased_at ON payments
WHEN OLD.name_erased_at IS NOT NULL AND NEW.name_erased_at IS NOT OLD.name_erased_at
  OR NEW.name_erased_at IS NOT NULL AND NEW.payer IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'the name of this payer was erased');
END;
CREATE TRIGGER payments_contacts_erased BEFORE UPDATE OF contacts_erased_at ON payments
WHEN OLD.contacts_erased_at IS NOT NULL AND NEW.contacts_erased_at IS NOT OLD.contacts_erased_at
BEGIN
    SELECT RAISE(ABORT, 'the contact data of this payer was erased');
END;

CREATE TABLE erased_values (
    seq        INTEGER PRIMARY KEY,
    payment_id INTEGER NOT NULL REFERENCES payments (id),
    -- What it was: `name`, or the name of a detail such as `email`.
    kind       TEXT    NOT NULL CHECK (kind <> ''),
    salt       BLOB    NOT NULL CHECK (length(salt) = 16),
    sha256     TEXT    NOT NULL CHECK (length(sha256) = 64),
    erased_at  INTEGER NOT NULL
) STRICT;

CREATE INDEX erased_values_by_payment ON erased_values (payment_id);

CREATE TRIGGER erased_values_not_replaced BEFORE INSERT ON erased_values
WHEN EXISTS (SELECT 1 FROM erased_values WHERE seq = NEW.seq)
BEGIN
    SELECT RAISE(ABORT, 'the hash of an erased value is evidence');
END;
CREATE TRIGGER erased_values_fixed BEFORE UPDATE ON erased_values BEGIN
    SELECT RAISE(ABORT, 'the hash of an erased value is evidence');
END;
CREATE TRIGGER erased_values_kept BEFORE DELETE ON erased_values BEGIN
    SELECT RAISE(ABORT, 'the hash of an erased value is evidence');
END;

-- Erasing on request takes two people.
CREATE TABLE erasures (
    seq         INTEGER PRIMARY KEY,
    payment_id  INTEGER NOT NULL REFERENCES payments (id),
    case_ref    TEXT    NOT NULL CHECK (trim(case_ref) <> ''),
    proposed_by TEXT    NOT NULL CHECK (proposed_by <> ''),
    proposed_at INTEGER NOT NULL,
    agreed_by   TEXT CHECK (agreed_by <> '' AND agreed_by <> proposed_by),
    agreed_at   INTEGER,
    CHECK ((agreed_by IS NULL) = (agreed_at IS NULL))
) STRICT;

CREATE UNIQUE INDEX erasures_open ON erasures (payment_id) WHERE agreed_at IS NULL;

CREATE TRIGGER erasures_begin BEFORE INSERT ON erasures
WHEN NEW.agreed_at IS NOT NULL OR EXISTS (SELECT 1 FROM erasures WHERE seq = NEW.seq)
BEGIN
    SELECT RAISE(ABORT, 'an erasure begins as a proposal');
END;
CREATE TRIGGER erasures_agreed BEFORE UPDATE ON erasures
WHEN NEW.seq <> OLD.seq OR NEW.payment_id <> OLD.payment_id OR NEW.case_ref <> OLD.case_ref
  OR NEW.proposed_by <> OLD.proposed_by OR NEW.proposed_at <> OLD.proposed_at OR OLD.agreed_at IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'an erasure is agreed to, never changed');
END;
-- A payer whose money is still on its way, or disputed, may have to be found.
CREATE TRIGGER erasures_in_time BEFORE UPDATE OF agreed_at ON erasures
WHEN EXISTS (SELECT 1 FROM refunds WHERE payment_id = NEW.payment_id
             AND state IN ('reserved', 'awaiting_approval', 'approved', 'submitting', 'pending', 'action_required', 'unknown'))
  OR EXISTS (SELECT 1 FROM disputes WHERE payment_id = NEW.payment_id
             AND stage IN ('alert', 'inquiry', 'open', 'under_review'))
BEGIN
    SELECT RAISE(ABORT, 'nothing is erased while a refund or dispute of the payment is open');
END;
CREATE TRIGGER erasures_kept BEFORE DELETE ON erasures BEGIN
    SELECT RAISE(ABORT, 'erasures are evidence');
END;

-- What a file would have the payer be is personal, too: it may go, and nothing else of a discrepancy.
DROP TRIGGER discrepancies_said;
CREATE TRIGGER discrepancies_said BEFORE UPDATE OF proposed ON discrepancies
WHEN NEW.proposed IS NOT OLD.proposed AND NEW.proposed IS NOT NULL BEGIN
    SELECT RAISE(ABORT, 'discrepancies are resolved, never changed');
END;
DROP TRIGGER discrepancies_fixed;
CREATE TRIGGER discrepancies_fixed BEFORE UPDATE ON discrepancies
WHEN NEW.seq <> OLD.seq OR NEW.payment_id <> OLD.payment_id OR NEW.refund_id IS NOT OLD.refund_id
  OR NEW.kind <> OLD.kind OR NEW.detail <> OLD.detail OR NEW.opened_at <> OLD.opened_at
  OR OLD.resolved_at IS NOT NULL AND (
         NEW.resolved_at IS NOT OLD.resolved_at OR NEW.resolved_by IS NOT OLD.resolved_by
      OR NEW.note IS NOT OLD.note OR NEW.owner IS NOT OLD.owner OR OLD.proposed IS NULL OR NEW.proposed IS NOT NULL)
BEGIN
    SELECT RAISE(ABORT, 'discrepancies are resolved, never changed');
END;
