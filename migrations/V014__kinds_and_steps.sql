-- Kinds of refund besides the plain one, why a refund was not paid, and later steps of a refund that
-- is on its way (domain.md: Kinds, T18, T21, T25).
--
-- Rules of kinds stand here too, so that SQL typed by hand cannot void a payment of which something
-- went back, or pay outside the desk with one person's word.

-- Why it was not paid, as a class, and the next step in the words of the provider's tables. Neither
-- decides about money: they tell people what to do.
ALTER TABLE refunds ADD COLUMN cause  TEXT;
ALTER TABLE refunds ADD COLUMN advice TEXT;
-- The provider refused the refund this one replaces because the payment had settled, or had not yet:
-- its word about settlement stands against the file's.
ALTER TABLE refunds ADD COLUMN settlement_told INTEGER NOT NULL DEFAULT 0 CHECK (settlement_told IN (0, 1));

CREATE INDEX refunds_by_cause ON refunds (cause, seq) WHERE cause IS NOT NULL;

CREATE TRIGGER refunds_settlement_fixed BEFORE UPDATE OF settlement_told ON refunds
WHEN NEW.settlement_told <> OLD.settlement_told
BEGIN
    SELECT RAISE(ABORT, 'what was decided never changes');
END;

-- A void takes the whole of its capture, of which nothing went back or is held.
CREATE TRIGGER refunds_void_whole BEFORE INSERT ON refunds
WHEN NEW.kind = 'void' AND NOT EXISTS (SELECT 1 FROM taking_over)
 AND EXISTS (SELECT 1 FROM captures WHERE seq = NEW.capture_seq
             AND (captured_minor <> NEW.amount_minor OR executed_minor <> 0 OR held_minor <> 0 OR disputed_minor <> 0))
BEGIN
    SELECT RAISE(ABORT, 'a void takes back a whole payment of which nothing went back');
END;

-- T21: only what ended unpaid or came back is paid by other means.
CREATE TRIGGER refunds_outside BEFORE INSERT ON refunds
WHEN NEW.kind = 'outside' AND NOT EXISTS (SELECT 1 FROM taking_over)
 AND NOT EXISTS (SELECT 1 FROM refunds WHERE id = NEW.supersedes AND state IN ('failed', 'rejected', 'reversed'))
BEGIN
    SELECT RAISE(ABORT, 'only what ended unpaid is paid by other means');
END;

-- As in V004, and whatever is paid outside the desk.
DROP TRIGGER refunds_always_two;
CREATE TRIGGER refunds_always_two BEFORE UPDATE OF state ON refunds
WHEN OLD.state = 'reserved' AND NEW.state = 'approved'
 AND (NEW.compensation_minor > 0 OR NEW.kind = 'outside'
      OR EXISTS (SELECT 1 FROM refunds WHERE id = NEW.supersedes AND state = 'reversed'))
BEGIN
    SELECT RAISE(ABORT, 'this refund always takes two people');
END;

-- Later steps: asked for by a person, sent once as an attempt of their own, and ended by evidence.
-- The refund keeps its state and amount until the step is proven.
CREATE TABLE later_steps (
    seq       INTEGER PRIMARY KEY,
    refund_id TEXT    NOT NULL REFERENCES refunds (id),
    step      TEXT    NOT NULL CHECK (step IN ('capture', 'stop')),
    number    INTEGER NOT NULL CHECK (number > 0),
    by_whom   TEXT    NOT NULL CHECK (by_whom <> ''),
    at        INTEGER NOT NULL,
    -- T25: sent, and what became of it is not known.
    unknown   INTEGER NOT NULL DEFAULT 0 CHECK (unknown IN (0, 1)),
    -- Inquiries about it that found nothing.
    looks     INTEGER NOT NULL DEFAULT 0,
    said      TEXT,
    ended_as  TEXT CHECK (ended_as IN ('done', 'refused', 'unsent', 'overtaken')),
    ended_at  INTEGER,
    CHECK ((ended_at IS NULL) = (ended_as IS NULL)),
    UNIQUE (refund_id, step, number)
) STRICT;

CREATE UNIQUE INDEX later_steps_open ON later_steps (refund_id) WHERE ended_at IS NULL;

CREATE TRIGGER later_steps_begin BEFORE INSERT ON later_steps BEGIN
    SELECT RAISE(ABORT, 'a later step is of a refund that is on its way')
    WHERE NOT EXISTS (SELECT 1 FROM refunds WHERE id = NEW.refund_id
                      AND (state IN ('pending', 'action_required') OR NEW.step = 'stop' AND state = 'succeeded'));
    SELECT RAISE(ABORT, 'a later step begins unsent') WHERE NEW.ended_at IS NOT NULL;
    SELECT RAISE(ABORT, 'later steps are never replaced')
    WHERE EXISTS (SELECT 1 FROM later_steps WHERE seq = NEW.seq)
       OR EXISTS (SELECT 1 FROM later_steps WHERE refund_id = NEW.refund_id
                  AND (ended_at IS NULL OR step = NEW.step AND number = NEW.number));
    SELECT RAISE(ABORT, 'sending is stopped')
    WHERE EXISTS (SELECT 1 FROM stopped_sending
                  WHERE account IN ((SELECT account FROM refunds WHERE id = NEW.refund_id), '*'));
END;
CREATE TRIGGER later_steps_fixed BEFORE UPDATE ON later_steps
WHEN OLD.ended_at IS NOT NULL OR NEW.seq <> OLD.seq OR NEW.refund_id <> OLD.refund_id OR NEW.step <> OLD.step
  OR NEW.number <> OLD.number OR NEW.by_whom <> OLD.by_whom OR NEW.at <> OLD.at
BEGIN
    SELECT RAISE(ABORT, 'later steps are ended once, never changed');
END;
CREATE TRIGGER later_steps_kept BEFORE DELETE ON later_steps BEGIN
    SELECT RAISE(ABORT, 'later steps are never deleted');
END;
