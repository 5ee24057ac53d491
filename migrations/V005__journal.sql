-- What a restore needs: an epoch that every restore changes, accounts that are closed for sending,
-- what must be read from the provider before they open, and what the send journal knows of
-- payments this database does not have.
--
-- The send journal itself is a file outside the database (src/ledger/journal.rs): what a restore
-- replaces cannot tell what was sent since.

-- A process that opened another epoch of this database writes nothing any more.
INSERT INTO desk (name, value) VALUES ('epoch', lower(hex(randomblob(16))));

ALTER TABLE sends ADD COLUMN epoch TEXT;
CREATE TRIGGER sends_epoch_fixed BEFORE UPDATE OF epoch ON sends BEGIN
    SELECT RAISE(ABORT, 'sends are never changed');
END;

-- Sends proven not executed whose line the send journal does not have yet. By trigger, so that no
-- way of proving it can forget the journal.
CREATE TABLE journal_backlog (
    refund_id TEXT    NOT NULL,
    step      TEXT    NOT NULL,
    number    INTEGER NOT NULL,
    send      INTEGER NOT NULL,
    PRIMARY KEY (refund_id, step, number, send)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER sends_disproved AFTER UPDATE OF not_executed ON sends
WHEN NEW.not_executed = 1 AND OLD.not_executed = 0
BEGIN
    INSERT INTO journal_backlog (refund_id, step, number, send)
    VALUES (NEW.refund_id, NEW.step, NEW.number, NEW.send) ON CONFLICT DO NOTHING;
END;

-- Accounts on which nothing is reserved or sent; '*' stands for all. Opened again once, and kept.
CREATE TABLE closed_for_sending (
    seq       INTEGER PRIMARY KEY,
    account   TEXT    NOT NULL CHECK (account <> ''),
    reason    TEXT    NOT NULL CHECK (reason <> ''),
    detail    TEXT    NOT NULL,
    closed_at INTEGER NOT NULL,
    closed_by TEXT    NOT NULL CHECK (closed_by <> ''),
    opened_at INTEGER,
    opened_by TEXT,
    evidence  TEXT,
    CHECK ((opened_at IS NULL) = (opened_by IS NULL) AND (opened_at IS NULL) = (evidence IS NULL))
) STRICT;

CREATE UNIQUE INDEX closed_now ON closed_for_sending (account, reason) WHERE opened_at IS NULL;

CREATE TRIGGER closed_for_sending_kept BEFORE DELETE ON closed_for_sending BEGIN
    SELECT RAISE(ABORT, 'closings are opened again, never deleted');
END;
CREATE TRIGGER closed_for_sending_fixed BEFORE UPDATE ON closed_for_sending
WHEN OLD.opened_at IS NOT NULL OR NEW.seq <> OLD.seq OR NEW.account <> OLD.account OR NEW.reason <> OLD.reason
  OR NEW.detail <> OLD.detail OR NEW.closed_at <> OLD.closed_at OR NEW.closed_by <> OLD.closed_by
BEGIN
    SELECT RAISE(ABORT, 'a closing is opened again once, never changed');
END;

-- Refunds whose provider must be asked before their account opens again after a restore.
CREATE TABLE reads_due (
    refund_id TEXT    PRIMARY KEY REFERENCES refunds (id),
    account   TEXT    NOT NULL,
    since     INTEGER NOT NULL,
    read_at   INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX reads_due_open ON reads_due (account) WHERE read_at IS NULL;

-- Sends that the send journal shows and this database cannot hold, because it lacks the payment or
-- has the refund as ended: their line, as it stands in the journal.
CREATE TABLE unplaced_sends (
    refund_id TEXT    NOT NULL,
    step      TEXT    NOT NULL,
    number    INTEGER NOT NULL,
    send      INTEGER NOT NULL,
    account   TEXT    NOT NULL,
    line      TEXT    NOT NULL,
    why       TEXT    NOT NULL,
    found_at  INTEGER NOT NULL,
    placed_at INTEGER,
    PRIMARY KEY (refund_id, step, number, send)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER unplaced_sends_kept BEFORE DELETE ON unplaced_sends BEGIN
    SELECT RAISE(ABORT, 'what the send journal shows is never deleted');
END;
