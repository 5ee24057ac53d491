-- What people at the desk say and keep beside the money: notes, who looks after what, what somebody
-- has put aside for a while, and how everyone likes their lists.

-- A note is said once and stands. What it says may name a payer, so that it can be erased like what
-- else is known of them (domain.md, rule 7): the audit holds SHA-256(salt, text), never the text.
CREATE TABLE notes (
    seq        INTEGER PRIMARY KEY,
    payment_id INTEGER NOT NULL REFERENCES payments (id),
    -- The refund it is about; none: the payment as a whole.
    refund_id  TEXT REFERENCES refunds (id),
    author     TEXT    NOT NULL CHECK (author <> ''),
    at         INTEGER NOT NULL,
    salt       BLOB    NOT NULL CHECK (length(salt) = 16),
    sha256     TEXT    NOT NULL CHECK (length(sha256) = 64),
    -- Null once erased.
    text       TEXT CHECK (trim(text) <> ''),
    erased_at  INTEGER,
    CHECK ((text IS NULL) = (erased_at IS NOT NULL))
) STRICT;

CREATE INDEX notes_by_payment ON notes (payment_id, seq);
CREATE INDEX notes_by_time    ON notes (at);

CREATE TRIGGER notes_written BEFORE INSERT ON notes BEGIN
    SELECT RAISE(ABORT, 'a note is never replaced')
    WHERE EXISTS (SELECT 1 FROM notes WHERE seq = NEW.seq);
    SELECT RAISE(ABORT, 'a note says something when it is written') WHERE NEW.text IS NULL;
    SELECT RAISE(ABORT, 'a note stands with its own payment')
    WHERE NEW.refund_id IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM refunds WHERE id = NEW.refund_id AND payment_id = NEW.payment_id);
END;
CREATE TRIGGER notes_fixed BEFORE UPDATE ON notes
WHEN NEW.seq <> OLD.seq OR NEW.payment_id <> OLD.payment_id OR NEW.refund_id IS NOT OLD.refund_id
  OR NEW.author <> OLD.author OR NEW.at <> OLD.at OR NEW.salt <> OLD.salt OR NEW.sha256 <> OLD.sha256
  OR OLD.erased_at IS NOT NULL OR NEW.text IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'a note is erased, never changed');
END;
CREATE TRIGGER notes_kept BEFORE DELETE ON notes BEGIN
    SELECT RAISE(ABORT, 'a note is erased, never deleted: its hash is evidence');
END;

-- Who looks after what waits for a person: refunds by their id, requests of a network as `request N`.
-- A discrepancy has its owner in its own row.
CREATE TABLE owners (
    about   TEXT    NOT NULL PRIMARY KEY CHECK (about <> ''),
    owner   TEXT    NOT NULL CHECK (trim(owner) <> ''),
    by_whom TEXT    NOT NULL CHECK (by_whom <> ''),
    at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What somebody has put aside: out of their own list and nobody else's, until a time, or until it is
-- no longer what it was (`seen`: a hash of what was shown).
CREATE TABLE snoozes (
    who     TEXT    NOT NULL CHECK (who <> ''),
    about   TEXT    NOT NULL CHECK (about <> ''),
    until   INTEGER NOT NULL,
    reason  TEXT    NOT NULL CHECK (trim(reason) <> ''),
    seen    TEXT    NOT NULL CHECK (length(seen) = 64),
    at      INTEGER NOT NULL,
    PRIMARY KEY (who, about)
) STRICT, WITHOUT ROWID;

-- How somebody has the list of payments: filter as typed, order and columns. The one without a name is
-- how they left it.
CREATE TABLE views (
    who     TEXT    NOT NULL CHECK (who <> ''),
    name    TEXT    NOT NULL COLLATE NOCASE,
    filter  TEXT    NOT NULL,
    sort    TEXT    NOT NULL,
    columns TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (who, name)
) STRICT, WITHOUT ROWID;
