-- Evidence that comes late or from elsewhere: refunds made outside this desk, disputes, and what
-- became of discrepancies. All of it takes part in the balance, so the sums now follow it too.
--
-- What a file reports as refunded (captures.external_minor) stays the file's own figure, which never
-- falls. Each time it rises the difference is an external refund of its own: so it can be linked to
-- a refund of ours, and then counts once.
--
-- The way of an import keeps its triggers: nothing here runs for a payment without such evidence.

CREATE TABLE external_refunds (
    seq                INTEGER PRIMARY KEY,
    payment_id         INTEGER NOT NULL REFERENCES payments (id) DEFERRABLE INITIALLY DEFERRED,
    capture_seq        INTEGER REFERENCES captures (seq),
    account            TEXT    NOT NULL,
    provider_refund_id TEXT CHECK (provider_refund_id <> ''),
    amount_minor       INTEGER NOT NULL CHECK (amount_minor > 0 AND amount_minor <= 100000000000000),
    currency           TEXT    NOT NULL,
    state              TEXT    NOT NULL CHECK (state IN ('pending', 'done', 'failed', 'reversed')),
    source             TEXT    NOT NULL CHECK (source IN ('file', 'sync', 'inquiry')),
    origin             TEXT    NOT NULL,
    first_seen         INTEGER NOT NULL,
    last_seen          INTEGER NOT NULL,
    linked_refund      TEXT REFERENCES refunds (id),
    UNIQUE (account, provider_refund_id)
) STRICT;

CREATE INDEX external_by_payment ON external_refunds (payment_id);
CREATE INDEX external_by_capture ON external_refunds (capture_seq);
CREATE INDEX external_by_link    ON external_refunds (linked_refund) WHERE linked_refund IS NOT NULL;

CREATE TABLE disputes (
    seq                 INTEGER PRIMARY KEY,
    payment_id          INTEGER NOT NULL REFERENCES payments (id),
    capture_seq         INTEGER REFERENCES captures (seq),
    account             TEXT    NOT NULL,
    provider_dispute_id TEXT    NOT NULL CHECK (provider_dispute_id <> ''),
    amount_minor        INTEGER NOT NULL CHECK (amount_minor > 0 AND amount_minor <= 100000000000000),
    currency            TEXT    NOT NULL CHECK (length(currency) = 3),
    stage               TEXT    NOT NULL CHECK (stage IN
        ('alert', 'inquiry', 'open', 'under_review', 'won', 'withdrawn', 'lost', 'accepted')),
    deadline            INTEGER,
    opened_at           INTEGER NOT NULL,
    updated_at          INTEGER NOT NULL,
    UNIQUE (account, provider_dispute_id)
) STRICT;

CREATE INDEX disputes_by_payment ON disputes (payment_id);
CREATE INDEX disputes_by_capture ON disputes (capture_seq);

-- Refunds made in answer to a dispute. The link is written before the refund, in one transaction, so
-- that the refund's hold can take the place of the disputed amount.
CREATE TABLE dispute_refunds (
    refund_id   TEXT    PRIMARY KEY REFERENCES refunds (id) DEFERRABLE INITIALLY DEFERRED,
    dispute_seq INTEGER NOT NULL REFERENCES disputes (seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX dispute_refunds_by_dispute ON dispute_refunds (dispute_seq);

-- What each piece of evidence weighs; the same rules as domain::external and domain::dispute.

CREATE VIEW external_weights AS
SELECT seq, payment_id, capture_seq,
       CASE state WHEN 'pending' THEN rest ELSE 0 END AS held_minor,
       CASE state WHEN 'done'    THEN rest ELSE 0 END AS executed_minor
FROM (SELECT e.seq, e.payment_id, e.capture_seq, e.state,
             CASE WHEN r.id IS NULL THEN e.amount_minor
                  WHEN r.state = 'reversed' THEN 0
                  ELSE max(0, e.amount_minor - r.held_minor - r.executed_minor) END AS rest
      FROM external_refunds e LEFT JOIN refunds r ON r.id = e.linked_refund);

CREATE VIEW dispute_weights AS
SELECT d.seq, d.payment_id, d.capture_seq,
       CASE WHEN d.stage IN ('open', 'under_review') AND d.currency = p.currency
            THEN max(0, d.amount_minor - coalesce((SELECT sum(r.held_minor + r.executed_minor)
                 FROM dispute_refunds l JOIN refunds r ON r.id = l.refund_id WHERE l.dispute_seq = d.seq), 0))
            ELSE 0 END AS disputed_minor,
       CASE WHEN d.stage IN ('lost', 'accepted') AND d.currency = p.currency THEN d.amount_minor ELSE 0 END
           AS executed_minor,
       d.stage IN ('open', 'under_review', 'lost', 'accepted') AND d.currency <> p.currency AS takes_all
FROM disputes d JOIN payments p ON p.id = d.payment_id;

CREATE VIEW capture_sums AS
SELECT seq, payment_id, executed_minor, held_minor,
       disputed_minor + takes_all * max(0, captured_minor - executed_minor - held_minor - disputed_minor)
           AS disputed_minor
FROM (SELECT c.seq, c.payment_id, c.captured_minor,
             coalesce((SELECT sum(executed_minor) FROM refunds WHERE capture_seq = c.seq), 0)
               + coalesce((SELECT sum(executed_minor) FROM external_weights WHERE capture_seq = c.seq), 0)
               + coalesce((SELECT sum(executed_minor) FROM dispute_weights WHERE capture_seq = c.seq), 0)
                 AS executed_minor,
             coalesce((SELECT sum(held_minor) FROM refunds WHERE capture_seq = c.seq), 0)
               + coalesce((SELECT sum(held_minor) FROM external_weights WHERE capture_seq = c.seq), 0)
                 AS held_minor,
             coalesce((SELECT sum(disputed_minor) FROM dispute_weights WHERE capture_seq = c.seq), 0)
                 AS disputed_minor,
             coalesce((SELECT max(takes_all) FROM dispute_weights WHERE capture_seq = c.seq), 0) AS takes_all
      FROM captures c);

-- The captures as they stand, and what names none of them.
CREATE VIEW payment_sums AS
SELECT id, captures, captured_minor, executed_minor, held_minor,
       disputed_minor + takes_all * max(0, captured_minor - executed_minor - held_minor - disputed_minor)
           AS disputed_minor
FROM (SELECT p.id,
             (SELECT count(*) FROM captures WHERE payment_id = p.id) AS captures,
             coalesce((SELECT sum(captured_minor) FROM captures WHERE payment_id = p.id), 0) AS captured_minor,
             coalesce((SELECT sum(executed_minor) FROM captures WHERE payment_id = p.id), 0)
               + coalesce((SELECT sum(executed_minor) FROM external_weights WHERE payment_id = p.id AND capture_seq IS NULL), 0)
               + coalesce((SELECT sum(executed_minor) FROM dispute_weights WHERE payment_id = p.id AND capture_seq IS NULL), 0)
                 AS executed_minor,
             coalesce((SELECT sum(held_minor) FROM captures WHERE payment_id = p.id), 0)
               + coalesce((SELECT sum(held_minor) FROM external_weights WHERE payment_id = p.id AND capture_seq IS NULL), 0)
                 AS held_minor,
             coalesce((SELECT sum(disputed_minor) FROM captures WHERE payment_id = p.id), 0)
               + coalesce((SELECT sum(disputed_minor) FROM dispute_weights WHERE payment_id = p.id AND capture_seq IS NULL), 0)
                 AS disputed_minor,
             coalesce((SELECT max(takes_all) FROM dispute_weights WHERE payment_id = p.id AND capture_seq IS NULL), 0)
                 AS takes_all
      FROM payments p);

-- The balance follows all of it.

DROP TRIGGER captures_added_to_payment;
CREATE TRIGGER captures_added_to_payment AFTER INSERT ON captures
WHEN EXISTS (SELECT 1 FROM payments WHERE id = NEW.payment_id)
BEGIN
    SELECT RAISE(ROLLBACK, 'captures are never replaced')
    WHERE (SELECT count(*) FROM captures WHERE payment_id = NEW.payment_id)
       <> (SELECT captures + 1 FROM payments WHERE id = NEW.payment_id);
    UPDATE payments SET (captures, captured_minor, executed_minor, held_minor, disputed_minor) =
        (SELECT captures, captured_minor, executed_minor, held_minor, disputed_minor
         FROM payment_sums WHERE id = NEW.payment_id)
    WHERE id = NEW.payment_id;
END;

DROP TRIGGER captures_follow;
CREATE TRIGGER captures_follow AFTER UPDATE OF executed_minor, held_minor, external_minor, disputed_minor ON captures BEGIN
    SELECT RAISE(ABORT, 'what a file reported as refunded never falls')
    WHERE NEW.external_minor < OLD.external_minor;
    SELECT RAISE(ABORT, 'a balance follows its refunds; it is never set')
    WHERE (NEW.executed_minor, NEW.held_minor, NEW.disputed_minor) IS NOT
          (SELECT executed_minor, held_minor, disputed_minor FROM capture_sums WHERE seq = NEW.seq);
    UPDATE payments SET (executed_minor, held_minor, disputed_minor) =
        (SELECT executed_minor, held_minor, disputed_minor FROM payment_sums WHERE id = NEW.payment_id)
    WHERE id = NEW.payment_id;
END;

DROP TRIGGER payments_follow;
CREATE TRIGGER payments_follow AFTER UPDATE OF captured_minor, executed_minor, held_minor, disputed_minor ON payments
WHEN (NEW.captured_minor, NEW.executed_minor, NEW.held_minor, NEW.disputed_minor) IS NOT
     (SELECT captured_minor, executed_minor, held_minor, disputed_minor FROM payment_sums WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ROLLBACK, 'a payment is the sum of its captures; it is never set');
END;

-- Invariant 1: a new hold never takes what is available below zero, and does not begin on a payment
-- whose money is in question. A dispute in another currency leaves nothing for any other refund.
DROP TRIGGER refunds_hold;
CREATE TRIGGER refunds_hold AFTER INSERT ON refunds BEGIN
    UPDATE captures SET (executed_minor, held_minor, disputed_minor) =
        (SELECT executed_minor, held_minor, disputed_minor FROM capture_sums s WHERE s.seq = captures.seq)
    WHERE seq = NEW.capture_seq
       OR seq IN (SELECT d.capture_seq FROM dispute_refunds l JOIN disputes d ON d.seq = l.dispute_seq
                  WHERE l.refund_id = NEW.id);
    SELECT RAISE(ABORT, 'over available')
    WHERE EXISTS (SELECT 1 FROM captures WHERE seq = NEW.capture_seq
                  AND captured_minor - executed_minor - held_minor - disputed_minor < 0)
       OR EXISTS (SELECT 1 FROM payments WHERE id = NEW.payment_id AND available_minor < 0)
       OR EXISTS (SELECT 1 FROM dispute_weights w
                  WHERE w.payment_id = NEW.payment_id AND w.takes_all
                    AND (w.capture_seq IS NULL OR w.capture_seq = NEW.capture_seq)
                    AND w.seq IS NOT (SELECT dispute_seq FROM dispute_refunds WHERE refund_id = NEW.id));
    SELECT RAISE(ABORT, 'a discrepancy about the money of this payment is open')
    WHERE EXISTS (SELECT 1 FROM discrepancies WHERE payment_id = NEW.payment_id AND resolved_at IS NULL
                  AND kind NOT IN ('file_amount', 'file_currency', 'file_payer', 'evidence', 'external'));
END;

DROP TRIGGER refunds_weigh;
CREATE TRIGGER refunds_weigh AFTER UPDATE OF state, reported_minor, proven_minor ON refunds BEGIN
    UPDATE captures SET (executed_minor, held_minor, disputed_minor) =
        (SELECT executed_minor, held_minor, disputed_minor FROM capture_sums s WHERE s.seq = captures.seq)
    WHERE seq = NEW.capture_seq
       OR seq IN (SELECT capture_seq FROM external_refunds WHERE linked_refund = NEW.id)
       OR seq IN (SELECT d.capture_seq FROM dispute_refunds l JOIN disputes d ON d.seq = l.dispute_seq
                  WHERE l.refund_id = NEW.id);
END;

-- External refunds: found, seen again, linked; never deleted.

CREATE TRIGGER external_begin BEFORE INSERT ON external_refunds BEGIN
    SELECT RAISE(ABORT, 'external refunds are never replaced')
    WHERE EXISTS (SELECT 1 FROM external_refunds WHERE seq = NEW.seq)
       OR EXISTS (SELECT 1 FROM external_refunds WHERE account = NEW.account AND provider_refund_id = NEW.provider_refund_id);
    SELECT RAISE(ABORT, 'an external refund is found first, linked later') WHERE NEW.linked_refund IS NOT NULL;
    SELECT RAISE(ABORT, 'an external refund is of its payment, in its currency and account')
    WHERE NOT EXISTS (SELECT 1 FROM payments p WHERE p.id = NEW.payment_id
                      AND p.currency = NEW.currency AND p.account = NEW.account)
       OR NEW.capture_seq IS NOT NULL AND NOT EXISTS (
              SELECT 1 FROM captures WHERE seq = NEW.capture_seq AND payment_id = NEW.payment_id);
END;
CREATE TRIGGER external_kept BEFORE DELETE ON external_refunds BEGIN
    SELECT RAISE(ABORT, 'external refunds are never deleted');
END;
CREATE TRIGGER external_fixed BEFORE UPDATE ON external_refunds
WHEN NEW.seq <> OLD.seq OR NEW.payment_id <> OLD.payment_id OR NEW.capture_seq IS NOT OLD.capture_seq
  OR NEW.account <> OLD.account OR NEW.provider_refund_id IS NOT OLD.provider_refund_id
  OR NEW.currency <> OLD.currency OR NEW.source <> OLD.source OR NEW.first_seen <> OLD.first_seen
  OR NEW.amount_minor < OLD.amount_minor OR NEW.last_seen < OLD.last_seen
BEGIN
    SELECT RAISE(ABORT, 'what was found elsewhere never becomes less');
END;
CREATE TRIGGER external_moves BEFORE UPDATE OF state ON external_refunds
WHEN NEW.state <> OLD.state AND NOT (
       OLD.state = 'pending' AND NEW.state IN ('done', 'failed', 'reversed')
    OR OLD.state = 'done' AND NEW.state = 'reversed'
    OR OLD.state = 'failed' AND NEW.state = 'done')
BEGIN
    SELECT RAISE(ABORT, 'an external refund does not move that way');
END;
CREATE TRIGGER external_linked BEFORE UPDATE OF linked_refund ON external_refunds
WHEN NEW.linked_refund IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM refunds WHERE id = NEW.linked_refund AND payment_id = NEW.payment_id)
BEGIN
    SELECT RAISE(ABORT, 'a link stays within one payment');
END;

CREATE TRIGGER external_weigh_new AFTER INSERT ON external_refunds BEGIN
    UPDATE captures SET (executed_minor, held_minor, disputed_minor) =
        (SELECT executed_minor, held_minor, disputed_minor FROM capture_sums s WHERE s.seq = captures.seq)
    WHERE seq = NEW.capture_seq;
    UPDATE payments SET (executed_minor, held_minor, disputed_minor) =
        (SELECT executed_minor, held_minor, disputed_minor FROM payment_sums s WHERE s.id = payments.id)
    WHERE id = NEW.payment_id AND NEW.capture_seq IS NULL;
END;
CREATE TRIGGER external_weigh AFTER UPDATE OF state, amount_minor, linked_refund ON external_refunds BEGIN
    UPDATE captures SET (executed_minor, held_minor, disputed_minor) =
        (SELECT executed_minor, held_minor, disputed_minor FROM capture_sums s WHERE s.seq = captures.seq)
    WHERE seq = NEW.capture_seq;
    UPDATE payments SET (executed_minor, held_minor, disputed_minor) =
        (SELECT executed_minor, held_minor, disputed_minor FROM payment_sums s WHERE s.id = payments.id)
    WHERE id = NEW.payment_id AND NEW.capture_seq IS NULL;
END;

-- Disputes: learned of, followed to their end; never deleted.

CREATE TRIGGER disputes_begin BEFORE INSERT ON disputes BEGIN
    SELECT RAISE(ABORT, 'disputes are never replaced')
    WHERE EXISTS (SELECT 1 FROM disputes WHERE seq = NEW.seq)
       OR EXISTS (SELECT 1 FROM disputes WHERE account = NEW.account AND provider_dispute_id = NEW.provider_dispute_id);
    SELECT RAISE(ABORT, 'a dispute is of its payment and account')
    WHERE NOT EXISTS (SELECT 1 FROM payments p WHERE p.id = NEW.payment_id AND p.account = NEW.account)
       OR NEW.capture_seq IS NOT NULL AND NOT EXISTS (
              SELECT 1 FROM captures WHERE seq = NEW.capture_seq AND payment_id = NEW.payment_id);
END;
CREATE TRIGGER disputes_kept BEFORE DELETE ON disputes BEGIN
    SELECT RAISE(ABORT, 'disputes are never deleted');
END;
CREATE TRIGGER disputes_fixed BEFORE UPDATE ON disputes
WHEN NEW.seq <> OLD.seq OR NEW.payment_id <> OLD.payment_id OR NEW.capture_seq IS NOT OLD.capture_seq
  OR NEW.account <> OLD.account OR NEW.provider_dispute_id <> OLD.provider_dispute_id
  OR NEW.currency <> OLD.currency OR NEW.opened_at <> OLD.opened_at OR NEW.updated_at < OLD.updated_at
  OR NEW.stage IN ('alert', 'inquiry') AND OLD.stage NOT IN ('alert', 'inquiry')
BEGIN
    SELECT RAISE(ABORT, 'what a dispute is about never changes');
END;
CREATE TRIGGER disputes_weigh_new AFTER INSERT ON disputes BEGIN
    UPDATE captures SET (executed_minor, held_minor, disputed_minor) =
        (SELECT executed_minor, held_minor, disputed_minor FROM capture_sums s WHERE s.seq = captures.seq)
    WHERE seq = NEW.capture_seq;
    UPDATE payments SET (executed_minor, held_minor, disputed_minor) =
        (SELECT executed_minor, held_minor, disputed_minor FROM payment_sums s WHERE s.id = payments.id)
    WHERE id = NEW.payment_id AND NEW.capture_seq IS NULL;
END;
CREATE TRIGGER disputes_weigh AFTER UPDATE OF stage, amount_minor ON disputes BEGIN
    UPDATE captures SET (executed_minor, held_minor, disputed_minor) =
        (SELECT executed_minor, held_minor, disputed_minor FROM capture_sums s WHERE s.seq = captures.seq)
    WHERE seq = NEW.capture_seq;
    UPDATE payments SET (executed_minor, held_minor, disputed_minor) =
        (SELECT executed_minor, held_minor, disputed_minor FROM payment_sums s WHERE s.id = payments.id)
    WHERE id = NEW.payment_id AND NEW.capture_seq IS NULL;
END;

-- A link is made with the refund, while the dispute is in force, and stays.
CREATE TRIGGER dispute_refunds_begin BEFORE INSERT ON dispute_refunds BEGIN
    SELECT RAISE(ABORT, 'a refund answers a dispute from its beginning')
    WHERE EXISTS (SELECT 1 FROM refunds WHERE id = NEW.refund_id)
       OR EXISTS (SELECT 1 FROM dispute_refunds WHERE refund_id = NEW.refund_id);
    SELECT RAISE(ABORT, 'only a dispute in force is answered by a refund')
    WHERE NOT EXISTS (SELECT 1 FROM disputes WHERE seq = NEW.dispute_seq
                      AND stage IN ('alert', 'inquiry', 'open', 'under_review'));
END;
CREATE TRIGGER dispute_refunds_of_its_payment BEFORE INSERT ON refunds
WHEN EXISTS (SELECT 1 FROM dispute_refunds l JOIN disputes d ON d.seq = l.dispute_seq
             WHERE l.refund_id = NEW.id AND (d.payment_id <> NEW.payment_id
                OR d.capture_seq IS NOT NULL AND d.capture_seq <> NEW.capture_seq))
BEGIN
    SELECT RAISE(ABORT, 'a refund answers a dispute of its own payment');
END;
CREATE TRIGGER dispute_refunds_fixed BEFORE UPDATE ON dispute_refunds BEGIN
    SELECT RAISE(ABORT, 'a refund answers a dispute from its beginning');
END;
CREATE TRIGGER dispute_refunds_kept BEFORE DELETE ON dispute_refunds BEGIN
    SELECT RAISE(ABORT, 'a refund answers a dispute from its beginning');
END;

-- Discrepancies: who looks after one, what a file would have it be, and how it was closed.

ALTER TABLE discrepancies ADD COLUMN owner       TEXT;
ALTER TABLE discrepancies ADD COLUMN proposed    TEXT;
ALTER TABLE discrepancies ADD COLUMN resolved_by TEXT;
ALTER TABLE discrepancies ADD COLUMN note        TEXT;

CREATE TRIGGER discrepancies_closed BEFORE UPDATE OF resolved_at ON discrepancies
WHEN NEW.resolved_at IS NOT NULL AND (
       coalesce(NEW.resolved_by, '') = '' OR trim(coalesce(NEW.note, '')) = ''
    OR NEW.resolved_by = (SELECT maker FROM refunds WHERE id = NEW.refund_id))
BEGIN
    SELECT RAISE(ABORT, 'a discrepancy is closed with a note, by another person than the maker of its refund');
END;
CREATE TRIGGER discrepancies_said BEFORE UPDATE OF proposed ON discrepancies WHEN NEW.proposed IS NOT OLD.proposed BEGIN
    SELECT RAISE(ABORT, 'discrepancies are resolved, never changed');
END;

-- Nothing unsent goes out on a payment whose money is in question, whoever writes the row.
CREATE TRIGGER refunds_held_back BEFORE UPDATE OF state ON refunds
WHEN OLD.state = 'approved' AND NEW.state = 'submitting' AND EXISTS (
        SELECT 1 FROM discrepancies WHERE payment_id = NEW.payment_id AND resolved_at IS NULL
        AND kind NOT IN ('file_amount', 'file_currency', 'file_payer', 'evidence', 'external'))
BEGIN
    SELECT RAISE(ABORT, 'a discrepancy about the money of this payment is open');
END;

-- In which order exchanges with a provider began: the one under way, the one the newest believed
-- report came from, and the last send. Counted, not timed: a clock may be set back.
ALTER TABLE refunds ADD COLUMN exchange        INTEGER NOT NULL DEFAULT 0;
ALTER TABLE refunds ADD COLUMN report_exchange INTEGER NOT NULL DEFAULT 0;
ALTER TABLE refunds ADD COLUMN send_exchange   INTEGER NOT NULL DEFAULT 0;
ALTER TABLE observations ADD COLUMN exchange   INTEGER;

-- What files reported so far.
INSERT INTO external_refunds (payment_id, capture_seq, account, amount_minor, currency, state, source, origin, first_seen, last_seen)
SELECT c.payment_id, c.seq, p.account, c.external_minor, p.currency, 'done', 'file', f.name || ', line ' || p.source_line, f.at, f.at
FROM captures c JOIN payments p ON p.id = c.payment_id JOIN import_files f ON f.seq = p.source_file
WHERE c.external_minor > 0;
