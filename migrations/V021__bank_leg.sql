-- The bank leg of a refund (domain.md: Mastercard, creditor): transfers on our own rails, payment files
-- that two people agree on, what the bank says of them, and the confirmation to the network.
--
-- What must hold even against SQL typed by hand: a transfer is in at most one live payment file; it is due
-- again only under the next number, once the bank has rejected it; nothing is confirmed to the network
-- before just the amount asked was paid; and while a transfer may have been paid its refund does not end
-- as unpaid.

-- One try each. The full account number stands in `personal` alone.
CREATE TABLE transfers (
    seq           INTEGER PRIMARY KEY,
    refund_id     TEXT    NOT NULL REFERENCES refunds (id),
    number        INTEGER NOT NULL CHECK (number > 0),
    end_to_end    TEXT    NOT NULL UNIQUE CHECK (length(end_to_end) BETWEEN 1 AND 35),
    amount_minor  INTEGER NOT NULL CHECK (amount_minor > 0),
    currency      TEXT    NOT NULL,
    account_ref   INTEGER NOT NULL REFERENCES personal (id),
    state         TEXT    NOT NULL CHECK (state IN ('due', 'in_file', 'paid', 'rejected', 'returned')),
    since         INTEGER NOT NULL,
    -- The bank's, once it is paid.
    reference     TEXT,
    -- When the network is told next that it was paid; null: not yet, or not any more.
    confirm_at    INTEGER,
    -- Why it is not told by itself any more, and a person must look.
    confirm_stuck TEXT,
    UNIQUE (refund_id, number),
    CHECK ((confirm_at IS NULL AND confirm_stuck IS NULL) OR state = 'paid'),
    CHECK (confirm_at IS NULL OR confirm_stuck IS NULL)
) STRICT;

CREATE UNIQUE INDEX transfers_in_force ON transfers (refund_id) WHERE state <> 'rejected';
CREATE INDEX transfers_by_state ON transfers (state, seq) WHERE state IN ('due', 'in_file', 'paid');
CREATE INDEX transfers_to_confirm ON transfers (confirm_at) WHERE confirm_at IS NOT NULL;

CREATE TRIGGER transfers_begin BEFORE INSERT ON transfers BEGIN
    SELECT RAISE(ABORT, 'transfers are never replaced')
    WHERE EXISTS (SELECT 1 FROM transfers WHERE seq = NEW.seq OR end_to_end = NEW.end_to_end
                     OR refund_id = NEW.refund_id AND number = NEW.number)
       OR EXISTS (SELECT 1 FROM transfers WHERE refund_id = NEW.refund_id AND state <> 'rejected');
    SELECT RAISE(ABORT, 'a transfer begins due')
    WHERE NEW.state <> 'due' OR NEW.reference IS NOT NULL OR NEW.confirm_at IS NOT NULL OR NEW.confirm_stuck IS NOT NULL;
    SELECT RAISE(ABORT, 'a transfer pays just what its refund gives back, while that is accepted')
    WHERE NOT EXISTS (SELECT 1 FROM refunds WHERE id = NEW.refund_id AND kind = 'refund'
                      AND amount_minor = NEW.amount_minor AND compensation_minor = 0 AND currency = NEW.currency
                      AND state IN ('pending', 'action_required', 'unknown'));
    SELECT RAISE(ABORT, 'a transfer is due again under the next number, to the same account, once the bank has rejected it')
    WHERE NEW.number <> 1 + coalesce((SELECT max(number) FROM transfers WHERE refund_id = NEW.refund_id), 0)
       OR EXISTS (SELECT 1 FROM transfers WHERE refund_id = NEW.refund_id
                  AND (state <> 'rejected' OR account_ref <> NEW.account_ref));
END;
CREATE TRIGGER transfers_fixed BEFORE UPDATE ON transfers
WHEN NEW.seq <> OLD.seq OR NEW.refund_id <> OLD.refund_id OR NEW.number <> OLD.number
  OR NEW.end_to_end <> OLD.end_to_end OR NEW.amount_minor <> OLD.amount_minor OR NEW.currency <> OLD.currency
  OR NEW.account_ref <> OLD.account_ref OR (OLD.reference IS NOT NULL AND NEW.reference IS NOT OLD.reference)
BEGIN
    SELECT RAISE(ABORT, 'what a transfer pays never changes');
END;
CREATE TRIGGER transfers_kept BEFORE DELETE ON transfers BEGIN
    SELECT RAISE(ABORT, 'transfers are never deleted');
END;

-- A batch that two people agreed on. Its bytes are made anew from these rows each time they are needed,
-- for they hold account numbers; their hash tells that they are the same.
CREATE TABLE payment_files (
    seq          INTEGER PRIMARY KEY,
    message_id   TEXT    NOT NULL UNIQUE CHECK (length(message_id) BETWEEN 1 AND 35),
    account      TEXT    NOT NULL REFERENCES accounts (name),
    currency     TEXT    NOT NULL,
    count        INTEGER NOT NULL CHECK (count > 0),
    sum_minor    INTEGER NOT NULL CHECK (sum_minor > 0),
    -- The account that pays, its holder and bank, and the version of the format, as they were then.
    own_ref      INTEGER NOT NULL REFERENCES personal (id),
    own_bic      TEXT,
    version      TEXT    NOT NULL,
    rail         TEXT,
    requested_on TEXT    NOT NULL,
    sha256       TEXT    NOT NULL CHECK (length(sha256) = 64),
    state        TEXT    NOT NULL CHECK (state IN ('proposed', 'approved', 'written', 'given_up')),
    proposed_by  TEXT    NOT NULL CHECK (proposed_by <> ''),
    proposed_at  INTEGER NOT NULL,
    approved_by  TEXT CHECK (approved_by <> '' AND approved_by <> proposed_by),
    approved_at  INTEGER,
    written_at   INTEGER,
    ended_by     TEXT,
    ended_at     INTEGER,
    ended_note   TEXT,
    CHECK ((approved_by IS NULL) = (approved_at IS NULL)),
    CHECK (state NOT IN ('approved', 'written') OR approved_by IS NOT NULL),
    CHECK ((state = 'written') = (written_at IS NOT NULL)),
    CHECK ((state = 'given_up') = (ended_at IS NOT NULL) AND (ended_at IS NULL) = (ended_by IS NULL))
) STRICT;

CREATE INDEX payment_files_open ON payment_files (state) WHERE state IN ('proposed', 'approved');

CREATE TRIGGER payment_files_begin BEFORE INSERT ON payment_files BEGIN
    SELECT RAISE(ABORT, 'a payment file begins with one person')
    WHERE NEW.state <> 'proposed' OR NEW.approved_by IS NOT NULL OR NEW.ended_by IS NOT NULL;
    SELECT RAISE(ABORT, 'payment files are never replaced')
    WHERE EXISTS (SELECT 1 FROM payment_files WHERE seq = NEW.seq OR message_id = NEW.message_id);
END;
CREATE TRIGGER payment_files_fixed BEFORE UPDATE ON payment_files
WHEN NEW.seq <> OLD.seq OR NEW.message_id <> OLD.message_id OR NEW.account <> OLD.account
  OR NEW.currency <> OLD.currency OR NEW.count <> OLD.count OR NEW.sum_minor <> OLD.sum_minor
  OR NEW.own_ref <> OLD.own_ref OR NEW.own_bic IS NOT OLD.own_bic OR NEW.version <> OLD.version OR NEW.rail IS NOT OLD.rail
  OR NEW.requested_on <> OLD.requested_on OR NEW.sha256 <> OLD.sha256 OR NEW.proposed_by <> OLD.proposed_by
  OR NEW.proposed_at <> OLD.proposed_at OR (OLD.approved_by IS NOT NULL AND NEW.approved_by IS NOT OLD.approved_by)
  OR (OLD.approved_at IS NOT NULL AND NEW.approved_at IS NOT OLD.approved_at)
  OR (OLD.written_at IS NOT NULL AND NEW.written_at IS NOT OLD.written_at)
  OR OLD.ended_at IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'what two people agree on never changes');
END;
CREATE TRIGGER payment_files_move BEFORE UPDATE OF state ON payment_files
WHEN NEW.state <> OLD.state AND NOT (
       OLD.state = 'proposed' AND NEW.state IN ('approved', 'given_up')
    OR OLD.state = 'approved' AND NEW.state IN ('written', 'given_up'))
BEGIN
    SELECT RAISE(ABORT, 'a payment file does not move that way');
END;
CREATE TRIGGER payment_files_complete BEFORE UPDATE OF state ON payment_files
WHEN NEW.state IN ('approved', 'written') AND NEW.state <> OLD.state
 AND ((NEW.count, NEW.sum_minor) IS NOT (
     SELECT count(*), sum(t.amount_minor) FROM payment_file_lines l
     JOIN transfers t ON t.refund_id = l.refund_id AND t.number = l.number
     JOIN refunds r ON r.id = l.refund_id
     WHERE l.file = NEW.seq AND l.live = 1 AND t.state = 'in_file' AND r.state = 'action_required')
  -- What became known since it was proposed, that an earlier transfer was paid after all.
  OR EXISTS (SELECT 1 FROM payment_file_lines l JOIN refunds r ON r.id = l.refund_id
     JOIN discrepancies d ON d.payment_id = r.payment_id
     WHERE l.file = NEW.seq AND l.live = 1 AND d.resolved_at IS NULL
       AND d.kind NOT IN ('file_amount', 'file_currency', 'file_payer', 'evidence', 'external', 'came_back')))
BEGIN
    SELECT RAISE(ABORT, 'not all of its transfers are still to be paid, or a discrepancy about one is open');
END;
CREATE TRIGGER payment_files_kept BEFORE DELETE ON payment_files BEGIN
    SELECT RAISE(ABORT, 'payment files are never deleted');
END;

CREATE TABLE payment_file_lines (
    file      INTEGER NOT NULL REFERENCES payment_files (seq),
    refund_id TEXT    NOT NULL,
    number    INTEGER NOT NULL,
    live      INTEGER NOT NULL DEFAULT 1 CHECK (live IN (0, 1)),
    -- What the payee reads, as it stands in the file.
    remittance TEXT NOT NULL,
    PRIMARY KEY (file, refund_id),
    FOREIGN KEY (refund_id, number) REFERENCES transfers (refund_id, number)
) STRICT, WITHOUT ROWID;

-- The rule of the bank leg: whatever its number, a refund is in one live payment file at most.
CREATE UNIQUE INDEX payment_file_lines_live ON payment_file_lines (refund_id) WHERE live = 1;

CREATE TRIGGER payment_file_lines_begin BEFORE INSERT ON payment_file_lines BEGIN
    SELECT RAISE(ABORT, 'a transfer is in one live payment file at most')
    WHERE NEW.live <> 1
       OR EXISTS (SELECT 1 FROM payment_file_lines WHERE refund_id = NEW.refund_id
                  AND (live = 1 OR file = NEW.file));
    SELECT RAISE(ABORT, 'only what is due goes into a payment file of its account')
    WHERE NOT EXISTS (
        SELECT 1 FROM transfers t JOIN refunds r ON r.id = t.refund_id JOIN payment_files f ON f.seq = NEW.file
        WHERE t.refund_id = NEW.refund_id AND t.number = NEW.number AND t.state = 'due'
          AND r.state = 'action_required' AND r.account = f.account AND t.currency = f.currency
          AND f.state = 'proposed');
    SELECT RAISE(ABORT, 'an earlier transfer of this refund may have been paid')
    WHERE EXISTS (SELECT 1 FROM sends WHERE refund_id = NEW.refund_id AND step = 'transfer' AND not_executed = 0);
    SELECT RAISE(ABORT, 'a discrepancy about the money of this payment is open')
    WHERE EXISTS (SELECT 1 FROM discrepancies d JOIN refunds r ON r.payment_id = d.payment_id
                  WHERE r.id = NEW.refund_id AND d.resolved_at IS NULL
                  AND d.kind NOT IN ('file_amount', 'file_currency', 'file_payer', 'evidence', 'external', 'came_back'));
END;
CREATE TRIGGER payment_file_lines_fixed BEFORE UPDATE ON payment_file_lines
WHEN NEW.file <> OLD.file OR NEW.refund_id <> OLD.refund_id OR NEW.number <> OLD.number OR NEW.live > OLD.live
  OR NEW.remittance <> OLD.remittance
  OR (NEW.live < OLD.live
      AND NOT EXISTS (SELECT 1 FROM payment_files WHERE seq = OLD.file AND state = 'given_up')
      AND NOT EXISTS (SELECT 1 FROM transfers WHERE refund_id = OLD.refund_id AND number = OLD.number
                      AND state = 'rejected'))
BEGIN
    SELECT RAISE(ABORT, 'a transfer leaves a live payment file only by word of the bank');
END;
CREATE TRIGGER payment_file_lines_kept BEFORE DELETE ON payment_file_lines BEGIN
    SELECT RAISE(ABORT, 'lines of payment files are never deleted');
END;

-- What one person says of a transfer. A second ends it by agreeing or declining; the bank's word overtakes it.
CREATE TABLE transfer_statements (
    seq        INTEGER PRIMARY KEY,
    refund_id  TEXT    NOT NULL,
    number     INTEGER NOT NULL,
    said       TEXT    NOT NULL CHECK (said IN ('paid', 'rejected', 'returned')),
    reference  TEXT    NOT NULL CHECK (reference <> ''),
    dated      TEXT,
    hash       TEXT    NOT NULL CHECK (length(hash) = 64),
    by_whom    TEXT    NOT NULL CHECK (by_whom <> ''),
    at         INTEGER NOT NULL,
    second     TEXT CHECK (second <> '' AND second <> by_whom),
    ended_as   TEXT CHECK (ended_as IN ('agreed', 'declined', 'overtaken')),
    ended_by   TEXT,
    ended_at   INTEGER,
    ended_note TEXT,
    FOREIGN KEY (refund_id, number) REFERENCES transfers (refund_id, number),
    CHECK ((ended_at IS NULL) = (ended_as IS NULL) AND (ended_at IS NULL) = (ended_by IS NULL)),
    CHECK ((second IS NOT NULL) = (ended_as IS NOT NULL AND ended_as = 'agreed'))
) STRICT;

CREATE UNIQUE INDEX transfer_statements_open ON transfer_statements (refund_id) WHERE ended_at IS NULL;

CREATE TRIGGER transfer_statements_begin BEFORE INSERT ON transfer_statements BEGIN
    SELECT RAISE(ABORT, 'a statement begins with one person') WHERE NEW.ended_at IS NOT NULL;
    SELECT RAISE(ABORT, 'statements are never replaced')
    WHERE EXISTS (SELECT 1 FROM transfer_statements WHERE seq = NEW.seq)
       OR EXISTS (SELECT 1 FROM transfer_statements WHERE refund_id = NEW.refund_id AND ended_at IS NULL);
END;
CREATE TRIGGER transfer_statements_fixed BEFORE UPDATE ON transfer_statements
WHEN OLD.ended_at IS NOT NULL OR NEW.ended_at IS NULL OR NEW.seq <> OLD.seq OR NEW.refund_id <> OLD.refund_id
  OR NEW.number <> OLD.number OR NEW.said <> OLD.said OR NEW.reference <> OLD.reference
  OR NEW.dated IS NOT OLD.dated OR NEW.hash <> OLD.hash OR NEW.by_whom <> OLD.by_whom OR NEW.at <> OLD.at
BEGIN
    SELECT RAISE(ABORT, 'statements are ended once, never changed');
END;
CREATE TRIGGER transfer_statements_kept BEFORE DELETE ON transfer_statements BEGIN
    SELECT RAISE(ABORT, 'statements are never deleted');
END;

-- What the bank was read to say, each entry once however often its file is read.
CREATE TABLE bank_entries (
    entry        TEXT    PRIMARY KEY CHECK (length(entry) = 64),
    file_sha256  TEXT    NOT NULL CHECK (length(file_sha256) = 64),
    end_to_end   TEXT,
    reference    TEXT,
    amount_minor INTEGER,
    currency     TEXT,
    booked_on    TEXT,
    said         TEXT    NOT NULL CHECK (said IN ('paid', 'rejected', 'returned')),
    fate         TEXT    NOT NULL CHECK (fate IN ('matched', 'known', 'contradicts', 'unmatched')),
    refund_id    TEXT REFERENCES refunds (id),
    at           INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER bank_entries_once BEFORE INSERT ON bank_entries
WHEN EXISTS (SELECT 1 FROM bank_entries WHERE entry = NEW.entry)
BEGIN
    SELECT RAISE(ABORT, 'an entry counts once');
END;
CREATE TRIGGER bank_entries_fixed BEFORE UPDATE ON bank_entries BEGIN
    SELECT RAISE(ABORT, 'what a bank says is never changed');
END;
CREATE TRIGGER bank_entries_kept BEFORE DELETE ON bank_entries BEGIN
    SELECT RAISE(ABORT, 'what a bank says is never deleted');
END;

CREATE TABLE transfer_proofs (
    seq          INTEGER PRIMARY KEY,
    refund_id    TEXT    NOT NULL,
    number       INTEGER NOT NULL,
    said         TEXT    NOT NULL CHECK (said IN ('paid', 'rejected', 'returned')),
    kind         TEXT    NOT NULL CHECK (kind IN ('statement', 'report', 'person')),
    reference    TEXT    NOT NULL CHECK (reference <> ''),
    amount_minor INTEGER CHECK (amount_minor > 0),
    currency     TEXT,
    dated        TEXT,
    entry        TEXT UNIQUE REFERENCES bank_entries (entry),
    by_whom      TEXT    NOT NULL CHECK (by_whom <> ''),
    second       TEXT CHECK (second <> '' AND second <> by_whom),
    at           INTEGER NOT NULL,
    FOREIGN KEY (refund_id, number) REFERENCES transfers (refund_id, number),
    CHECK ((kind = 'person') = (second IS NOT NULL) AND (kind = 'person') = (entry IS NULL)),
    CHECK (kind <> 'report' OR said = 'rejected'),
    CHECK (said = 'rejected' OR amount_minor IS NOT NULL)
) STRICT;

CREATE INDEX transfer_proofs_by_transfer ON transfer_proofs (refund_id, number);

CREATE TRIGGER transfer_proofs_begin BEFORE INSERT ON transfer_proofs BEGIN
    SELECT RAISE(ABORT, 'proofs are never replaced')
    WHERE EXISTS (SELECT 1 FROM transfer_proofs WHERE seq = NEW.seq OR entry = NEW.entry);
    SELECT RAISE(ABORT, 'a proof is of the amount of its transfer')
    WHERE NOT EXISTS (SELECT 1 FROM transfers WHERE refund_id = NEW.refund_id AND number = NEW.number
        AND (NEW.said = 'rejected'
          OR NEW.currency = currency AND (NEW.amount_minor = amount_minor
                                       OR NEW.said = 'returned' AND NEW.amount_minor < amount_minor)));
    SELECT RAISE(ABORT, 'two people have not said so')
    WHERE NEW.kind = 'person' AND NOT EXISTS (
        SELECT 1 FROM transfer_statements WHERE refund_id = NEW.refund_id AND number = NEW.number
        AND said = NEW.said AND by_whom = NEW.by_whom AND ended_as = 'agreed' AND second = NEW.second);
    SELECT RAISE(ABORT, 'the bank has not said so')
    WHERE NEW.kind <> 'person' AND NOT EXISTS (
        SELECT 1 FROM bank_entries WHERE entry = NEW.entry AND said = NEW.said AND refund_id = NEW.refund_id
        AND fate = 'matched');
END;
CREATE TRIGGER transfer_proofs_fixed BEFORE UPDATE ON transfer_proofs BEGIN
    SELECT RAISE(ABORT, 'proofs are never changed');
END;
CREATE TRIGGER transfer_proofs_kept BEFORE DELETE ON transfer_proofs BEGIN
    SELECT RAISE(ABORT, 'proofs are never deleted');
END;

CREATE TRIGGER transfers_move BEFORE UPDATE OF state ON transfers
WHEN NEW.state <> OLD.state AND NOT (
       OLD.state = 'due' AND NEW.state = 'in_file' AND EXISTS (
           SELECT 1 FROM payment_file_lines WHERE refund_id = NEW.refund_id AND number = NEW.number AND live = 1)
    OR OLD.state = 'in_file' AND NEW.state = 'due'
       AND NOT EXISTS (SELECT 1 FROM payment_file_lines WHERE refund_id = NEW.refund_id AND live = 1)
       AND NOT EXISTS (SELECT 1 FROM sends WHERE refund_id = NEW.refund_id AND step = 'transfer'
                       AND number = NEW.number AND not_executed = 0)
    OR OLD.state IN ('due', 'in_file') AND NEW.state = 'paid' AND EXISTS (
           SELECT 1 FROM transfer_proofs WHERE refund_id = NEW.refund_id AND number = NEW.number AND said = 'paid')
    OR OLD.state = 'in_file' AND NEW.state = 'rejected' AND EXISTS (
           SELECT 1 FROM transfer_proofs WHERE refund_id = NEW.refund_id AND number = NEW.number AND said = 'rejected')
    OR OLD.state = 'paid' AND NEW.state = 'returned' AND EXISTS (
           SELECT 1 FROM transfer_proofs WHERE refund_id = NEW.refund_id AND number = NEW.number AND said = 'returned'))
BEGIN
    SELECT RAISE(ABORT, 'a transfer does not move that way');
END;

-- The bank may have it: nobody says then that nothing was paid.
CREATE TRIGGER refunds_may_be_paid BEFORE UPDATE OF state ON refunds
WHEN NEW.state <> OLD.state AND NEW.state IN ('failed', 'rejected', 'canceled', 'expired', 'approved')
 AND EXISTS (SELECT 1 FROM transfers WHERE refund_id = NEW.id AND state IN ('in_file', 'paid'))
BEGIN
    SELECT RAISE(ABORT, 'a transfer of it may have been paid');
END;

-- The bytes of a payment file go out as one send of each of its transfers, so that the send journal has
-- them and a restored copy cannot pay twice.
CREATE TRIGGER sends_of_transfers BEFORE INSERT ON sends
WHEN NEW.step = 'transfer' AND NOT EXISTS (SELECT 1 FROM taking_over)
 AND NOT EXISTS (SELECT 1 FROM payment_file_lines l JOIN payment_files f ON f.seq = l.file
                 WHERE l.refund_id = NEW.refund_id AND l.number = NEW.number AND l.live = 1 AND f.state = 'written')
BEGIN
    SELECT RAISE(ABORT, 'only a payment file that two people agreed on is written');
END;

-- What has no refund: an entry that nothing of ours explains, an account for a refund we do not know.
CREATE TABLE loose_ends (
    seq       INTEGER PRIMARY KEY,
    account   TEXT,
    kind      TEXT    NOT NULL CHECK (kind IN ('entry', 'advice')),
    detail    TEXT    NOT NULL,
    entry     TEXT UNIQUE,
    at        INTEGER NOT NULL,
    closed_by TEXT CHECK (closed_by <> ''),
    closed_at INTEGER,
    note      TEXT,
    CHECK ((closed_by IS NULL) = (closed_at IS NULL)),
    CHECK (closed_at IS NULL OR trim(coalesce(note, '')) <> '')
) STRICT;

CREATE INDEX loose_ends_open ON loose_ends (seq) WHERE closed_at IS NULL;

CREATE TRIGGER loose_ends_replaced BEFORE INSERT ON loose_ends
WHEN EXISTS (SELECT 1 FROM loose_ends WHERE seq = NEW.seq OR entry = NEW.entry)
BEGIN
    SELECT RAISE(ABORT, 'loose ends are never replaced');
END;
CREATE TRIGGER loose_ends_fixed BEFORE UPDATE ON loose_ends
WHEN OLD.closed_at IS NOT NULL OR NEW.closed_at IS NULL OR NEW.seq <> OLD.seq OR NEW.account IS NOT OLD.account
  OR NEW.kind <> OLD.kind OR NEW.detail <> OLD.detail OR NEW.entry IS NOT OLD.entry OR NEW.at <> OLD.at
BEGIN
    SELECT RAISE(ABORT, 'loose ends are closed once, with a note, never changed');
END;
CREATE TRIGGER loose_ends_kept BEFORE DELETE ON loose_ends BEGIN
    SELECT RAISE(ABORT, 'loose ends are never deleted');
END;

-- As in V014, and with the confirmation.
CREATE TABLE later_steps_new (
    seq       INTEGER PRIMARY KEY,
    refund_id TEXT    NOT NULL REFERENCES refunds (id),
    step      TEXT    NOT NULL CHECK (step IN ('capture', 'stop', 'confirm')),
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
INSERT INTO later_steps_new SELECT seq, refund_id, step, number, by_whom, at, unknown, looks, said, ended_as, ended_at
FROM later_steps;
DROP TABLE later_steps;
ALTER TABLE later_steps_new RENAME TO later_steps;

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
-- As in V018.
CREATE TRIGGER later_steps_capture BEFORE INSERT ON later_steps
WHEN NEW.step = 'capture' AND NOT EXISTS (
    SELECT 1 FROM refunds WHERE id = NEW.refund_id AND state = 'action_required' AND authorised = 1)
BEGIN
    SELECT RAISE(ABORT, 'only what the provider has authorised is captured');
END;
-- The network is told that money moved only once it has, and just the amount that was asked.
CREATE TRIGGER later_steps_confirm BEFORE INSERT ON later_steps
WHEN NEW.step = 'confirm' AND NOT EXISTS (
    SELECT 1 FROM transfers t JOIN refunds r ON r.id = t.refund_id
    WHERE t.refund_id = NEW.refund_id AND t.state = 'paid'
      AND t.amount_minor = r.amount_minor AND t.currency = r.currency)
BEGIN
    SELECT RAISE(ABORT, 'only what the bank has paid is confirmed');
END;
CREATE TRIGGER sends_of_confirmations BEFORE INSERT ON sends
WHEN NEW.step = 'confirm' AND NOT EXISTS (SELECT 1 FROM taking_over)
 AND NOT EXISTS (SELECT 1 FROM transfers WHERE refund_id = NEW.refund_id AND state = 'paid')
BEGIN
    SELECT RAISE(ABORT, 'only what the bank has paid is confirmed');
END;
