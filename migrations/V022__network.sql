-- Calls of a network that expects an answer, and what the debtor's side needs to give one.
--
-- Records of their own: nothing here ever touches a balance. What was decided is never changed and
-- never deleted; a call is answered once, and the same call again gets the same bytes.

-- Where the payers of known payments are, from imported files. The number itself is in `personal`.
CREATE TABLE accounts_on_file (
    seq                 INTEGER PRIMARY KEY,
    account             TEXT    NOT NULL,
    provider_payment_id TEXT    NOT NULL CHECK (provider_payment_id <> ''),
    personal_id         INTEGER NOT NULL REFERENCES personal (id),
    source_name         TEXT    NOT NULL,
    source_sha256       TEXT    NOT NULL CHECK (length(source_sha256) = 64),
    source_line         INTEGER NOT NULL,
    importer            TEXT    NOT NULL CHECK (importer <> ''),
    at                  INTEGER NOT NULL,
    UNIQUE (account, provider_payment_id)
) STRICT;

CREATE TRIGGER accounts_on_file_fixed BEFORE UPDATE ON accounts_on_file BEGIN
    SELECT RAISE(ABORT, 'an account on file is never changed: another one is a discrepancy');
END;
CREATE TRIGGER accounts_on_file_replaced BEFORE INSERT ON accounts_on_file
WHEN EXISTS (SELECT 1 FROM accounts_on_file WHERE seq = NEW.seq
             OR account = NEW.account AND provider_payment_id = NEW.provider_payment_id)
BEGIN
    SELECT RAISE(ABORT, 'an account on file is never replaced');
END;
CREATE TRIGGER accounts_on_file_kept BEFORE DELETE ON accounts_on_file BEGIN
    SELECT RAISE(ABORT, 'an account on file is never deleted');
END;

-- To which account may this refund be paid? Answered by rule or by a person, refused, or expired
-- when nobody answered in time.
CREATE TABLE inbound_requests (
    seq                 INTEGER PRIMARY KEY,
    account             TEXT    NOT NULL,
    -- What names the call: the same name is the same call.
    name                TEXT    NOT NULL CHECK (name <> ''),
    -- The network's ids, as they came.
    provider_payment_id TEXT    NOT NULL CHECK (provider_payment_id <> ''),
    refund              TEXT             CHECK (refund <> ''),
    amount_minor        INTEGER NOT NULL,
    currency            TEXT    NOT NULL CHECK (length(currency) = 3),
    reason              TEXT,
    method              TEXT,
    reference           TEXT,
    case_ref            TEXT,
    creditor            TEXT,
    -- Who paid, in the network's word: later calls of ours must name it.
    debtor              TEXT,
    -- The body as people may read it.
    raw                 TEXT    NOT NULL,
    -- What the rule found.
    found               TEXT    NOT NULL,
    received_at         INTEGER NOT NULL,
    -- Until when a person may decide.
    deadline            INTEGER NOT NULL CHECK (deadline >= received_at),
    state               TEXT    NOT NULL CHECK (state IN ('waiting', 'answered', 'refused', 'expired')),
    decided_at          INTEGER,
    -- NULL: the rule, or time.
    decided_by          TEXT    CHECK (decided_by <> ''),
    -- The code a refusal is told with, and why; the account an answer gave.
    code                TEXT,
    said                TEXT,
    personal_id         INTEGER REFERENCES personal (id),
    CHECK ((state = 'waiting') = (decided_at IS NULL)),
    CHECK ((state = 'answered') = (personal_id IS NOT NULL)),
    CHECK (state <> 'waiting' OR decided_by IS NULL AND code IS NULL AND said IS NULL),
    CHECK (state <> 'expired' OR decided_by IS NULL),
    CHECK (state NOT IN ('refused', 'expired') OR said IS NOT NULL)
) STRICT;

CREATE UNIQUE INDEX inbound_requests_name ON inbound_requests (account, name);
CREATE UNIQUE INDEX inbound_requests_refund ON inbound_requests (account, refund) WHERE refund IS NOT NULL;
CREATE INDEX inbound_requests_payment ON inbound_requests (account, provider_payment_id, state);
CREATE INDEX inbound_requests_waiting ON inbound_requests (deadline) WHERE state = 'waiting';
-- Accounts that people gave, to be erased.
CREATE INDEX inbound_requests_given ON inbound_requests (decided_at)
    WHERE state = 'answered' AND decided_by IS NOT NULL;

CREATE TRIGGER inbound_requests_replaced BEFORE INSERT ON inbound_requests
WHEN EXISTS (SELECT 1 FROM inbound_requests WHERE seq = NEW.seq
             OR account = NEW.account AND (name = NEW.name OR refund = NEW.refund))
BEGIN
    SELECT RAISE(ABORT, 'a request is never replaced');
END;
-- A person decides on what was there before; the rule decides at once.
CREATE TRIGGER inbound_requests_begin BEFORE INSERT ON inbound_requests
WHEN NEW.decided_by IS NOT NULL OR NEW.state = 'expired'
BEGIN
    SELECT RAISE(ABORT, 'a request begins with the rule');
END;
-- What the rule may give away: the account on file, of a payment that is known, within what was paid
-- and not asked back yet.
CREATE TRIGGER inbound_requests_by_rule AFTER INSERT ON inbound_requests
WHEN NEW.state = 'answered' AND (
    NEW.amount_minor <= 0
    OR NOT EXISTS (SELECT 1 FROM accounts_on_file WHERE account = NEW.account
                   AND provider_payment_id = NEW.provider_payment_id AND personal_id = NEW.personal_id)
    OR NOT EXISTS (SELECT 1 FROM payments p WHERE p.account = NEW.account
                   AND p.provider_payment_id = NEW.provider_payment_id AND p.currency = NEW.currency
                   AND p.captured_minor >= (SELECT coalesce(sum(amount_minor), 0) FROM inbound_requests
                       WHERE account = NEW.account AND provider_payment_id = NEW.provider_payment_id
                         AND state = 'answered')))
BEGIN
    SELECT RAISE(ABORT, 'the rule answers only for known payments, with the account on file, within what was paid');
END;
CREATE TRIGGER inbound_requests_decided BEFORE UPDATE ON inbound_requests
WHEN OLD.state <> 'waiting' OR NEW.state = 'waiting'
  OR (NEW.state IN ('answered', 'refused') AND NEW.decided_by IS NULL)
  OR (NEW.state = 'expired' AND NEW.decided_at < OLD.deadline)
  OR (NEW.state <> 'expired' AND NEW.decided_at >= OLD.deadline)
  OR NEW.seq <> OLD.seq OR NEW.account <> OLD.account OR NEW.name <> OLD.name OR NEW.debtor IS NOT OLD.debtor
  OR NEW.provider_payment_id <> OLD.provider_payment_id OR NEW.refund IS NOT OLD.refund
  OR NEW.amount_minor <> OLD.amount_minor OR NEW.currency <> OLD.currency OR NEW.reason IS NOT OLD.reason
  OR NEW.method IS NOT OLD.method OR NEW.reference IS NOT OLD.reference OR NEW.case_ref IS NOT OLD.case_ref
  OR NEW.creditor IS NOT OLD.creditor OR NEW.raw <> OLD.raw OR NEW.found <> OLD.found
  OR NEW.received_at <> OLD.received_at OR NEW.deadline <> OLD.deadline
BEGIN
    SELECT RAISE(ABORT, 'a request is decided once, by a person before its deadline or by time after it');
END;
CREATE TRIGGER inbound_requests_kept BEFORE DELETE ON inbound_requests BEGIN
    SELECT RAISE(ABORT, 'requests are never deleted');
END;

-- What the creditor's side said about refunds it paid, or did not.
CREATE TABLE confirmations (
    seq                 INTEGER PRIMARY KEY,
    account             TEXT    NOT NULL,
    provider_payment_id TEXT    NOT NULL CHECK (provider_payment_id <> ''),
    refund              TEXT    NOT NULL CHECK (refund <> ''),
    status              TEXT    NOT NULL,
    reason              TEXT,
    reference           TEXT,
    amount_minor        INTEGER,
    currency            TEXT    CHECK (length(currency) = 3),
    -- The question of ours that it answers.
    retrieval           TEXT    CHECK (retrieval <> ''),
    raw                 TEXT    NOT NULL,
    at                  INTEGER NOT NULL,
    CHECK ((amount_minor IS NULL) = (currency IS NULL))
) STRICT;
CREATE INDEX confirmations_refund ON confirmations (account, refund);

CREATE TRIGGER confirmations_fixed BEFORE UPDATE ON confirmations BEGIN
    SELECT RAISE(ABORT, 'what was said is never changed');
END;
CREATE TRIGGER confirmations_replaced BEFORE INSERT ON confirmations
WHEN EXISTS (SELECT 1 FROM confirmations WHERE seq = NEW.seq)
BEGIN
    SELECT RAISE(ABORT, 'what was said is never replaced');
END;
CREATE TRIGGER confirmations_kept BEFORE DELETE ON confirmations BEGIN
    SELECT RAISE(ABORT, 'what was said is never deleted');
END;

-- What calls were answered, for the same call again: the exact bytes. They may name an account, so
-- they are erasable like `personal`, and what is compared is hashed with a salt of its own.
CREATE TABLE network_answers (
    seq         INTEGER PRIMARY KEY,
    account     TEXT    NOT NULL,
    -- The caller's key, or the call's own id where it has none.
    name        TEXT    NOT NULL CHECK (name <> ''),
    -- The id in its signed body: the path and the key are not signed.
    message     TEXT    CHECK (message <> ''),
    -- What was asked about what: `refund_requested`, `refund_confirmed` …
    kind        TEXT    NOT NULL,
    refund      TEXT    CHECK (refund <> ''),
    salt        BLOB    NOT NULL CHECK (length(salt) = 16),
    -- SHA-256 of salt, path and body of the call; and of salt and what it says.
    call_sha256 TEXT    NOT NULL CHECK (length(call_sha256) = 64),
    says_sha256 TEXT    NOT NULL CHECK (length(says_sha256) = 64),
    status      INTEGER NOT NULL CHECK (status BETWEEN 100 AND 599),
    -- Null once erased.
    body        BLOB,
    at          INTEGER NOT NULL,
    erased_at   INTEGER,
    CHECK ((body IS NULL) = (erased_at IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX network_answers_name ON network_answers (account, name);
CREATE INDEX network_answers_message ON network_answers (account, message) WHERE message IS NOT NULL;
CREATE INDEX network_answers_refund ON network_answers (account, refund, kind) WHERE refund IS NOT NULL;
CREATE INDEX network_answers_age ON network_answers (at) WHERE body IS NOT NULL;

CREATE TRIGGER network_answers_fixed BEFORE UPDATE ON network_answers
WHEN NEW.body IS NOT NULL OR OLD.erased_at IS NOT NULL
  OR NEW.seq <> OLD.seq OR NEW.account <> OLD.account OR NEW.name <> OLD.name OR NEW.kind <> OLD.kind
  OR NEW.refund IS NOT OLD.refund OR NEW.message IS NOT OLD.message OR NEW.salt <> OLD.salt
  OR NEW.call_sha256 <> OLD.call_sha256
  OR NEW.says_sha256 <> OLD.says_sha256 OR NEW.status <> OLD.status OR NEW.at <> OLD.at
  -- No network repeats a call for longer; sooner, a repeat would be a new call.
  OR NEW.erased_at < OLD.at + 2592000000
BEGIN
    SELECT RAISE(ABORT, 'an answer is kept for thirty days, then its body is erased');
END;
CREATE TRIGGER network_answers_replaced BEFORE INSERT ON network_answers
WHEN EXISTS (SELECT 1 FROM network_answers WHERE seq = NEW.seq OR account = NEW.account AND name = NEW.name)
BEGIN
    SELECT RAISE(ABORT, 'an answer is never replaced');
END;
CREATE TRIGGER network_answers_kept BEFORE DELETE ON network_answers BEGIN
    SELECT RAISE(ABORT, 'an answer is never deleted');
END;

-- What the desk is to ask or tell a network besides refunds, until it is done. None of it moves
-- money; each goes under one key for as long as it is tried.
CREATE TABLE errands (
    seq                 INTEGER PRIMARY KEY,
    account             TEXT    NOT NULL,
    kind                TEXT    NOT NULL CHECK (kind IN ('refund_status', 'refund_paid', 'payment_advice')),
    provider_payment_id TEXT    NOT NULL CHECK (provider_payment_id <> ''),
    refund              TEXT,
    -- The id of the question it answers.
    retrieval           TEXT,
    -- Who paid, where the network named it.
    debtor              TEXT,
    -- What was paid, where that is told.
    amount_minor        INTEGER,
    currency            TEXT    CHECK (length(currency) = 3),
    key                 TEXT    NOT NULL UNIQUE,
    by_whom             TEXT    NOT NULL CHECK (by_whom <> ''),
    at                  INTEGER NOT NULL,
    -- When it is tried next.
    due_at              INTEGER NOT NULL,
    tries               INTEGER NOT NULL DEFAULT 0,
    done_at             INTEGER,
    -- What came of the last try.
    said                TEXT,
    CHECK ((amount_minor IS NULL) = (currency IS NULL))
) STRICT;
CREATE INDEX errands_due ON errands (due_at) WHERE done_at IS NULL;
CREATE INDEX errands_refund ON errands (account, refund) WHERE refund IS NOT NULL;

CREATE TRIGGER errands_fixed BEFORE UPDATE ON errands
WHEN OLD.done_at IS NOT NULL OR NEW.tries < OLD.tries
  OR NEW.seq <> OLD.seq OR NEW.account <> OLD.account OR NEW.kind <> OLD.kind
  OR NEW.provider_payment_id <> OLD.provider_payment_id OR NEW.refund IS NOT OLD.refund
  OR NEW.retrieval IS NOT OLD.retrieval OR NEW.debtor IS NOT OLD.debtor
  OR NEW.amount_minor IS NOT OLD.amount_minor
  OR NEW.currency IS NOT OLD.currency OR NEW.key <> OLD.key OR NEW.by_whom <> OLD.by_whom OR NEW.at <> OLD.at
BEGIN
    SELECT RAISE(ABORT, 'an errand stays what it is, and is done once');
END;
CREATE TRIGGER errands_replaced BEFORE INSERT ON errands
WHEN EXISTS (SELECT 1 FROM errands WHERE seq = NEW.seq OR key = NEW.key)
BEGIN
    SELECT RAISE(ABORT, 'an errand is never replaced');
END;
CREATE TRIGGER errands_kept BEFORE DELETE ON errands BEGIN
    SELECT RAISE(ABORT, 'errands are never deleted');
END;
