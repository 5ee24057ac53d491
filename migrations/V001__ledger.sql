-- The first ledger: payments, captures, refunds with their attempts and evidence, and the audit.
--
-- Why so many triggers: the rules of money must hold even against SQL typed by hand. A balance is
-- never set, only recomputed from the rows it comes from; a state moves only along the table of
-- legal moves; evidence is added, never changed.
--
-- Triggers on the way of an import raise ROLLBACK, not ABORT, and its foreign keys are deferred:
-- SQLite then needs no journal per statement, which halves the time of an import.
--
-- Amounts are integers in minor units. Times are milliseconds since 1970 in UTC.

CREATE TABLE desk (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE import_files (
    seq      INTEGER PRIMARY KEY,
    name     TEXT    NOT NULL,
    sha256   TEXT    NOT NULL,
    importer TEXT    NOT NULL,
    at       INTEGER NOT NULL
) STRICT;

CREATE TABLE accounts (
    name        TEXT PRIMARY KEY,
    imported_at INTEGER,
    payments    INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE payments (
    id                  INTEGER PRIMARY KEY,
    account             TEXT    NOT NULL REFERENCES accounts (name) DEFERRABLE INITIALLY DEFERRED,
    provider_payment_id TEXT    NOT NULL CHECK (provider_payment_id <> ''),
    reference           TEXT COLLATE NOCASE,
    order_ref           TEXT COLLATE NOCASE,
    payer               TEXT COLLATE NOCASE,
    method              TEXT,
    scheme              TEXT,
    last4               TEXT,
    description         TEXT,
    details             TEXT,
    currency            TEXT    NOT NULL CHECK (length(currency) = 3),
    captures            INTEGER NOT NULL DEFAULT 0,
    captured_at         INTEGER NOT NULL,
    settled_at          INTEGER,
    captured_minor      INTEGER NOT NULL DEFAULT 0,
    executed_minor      INTEGER NOT NULL DEFAULT 0,
    held_minor          INTEGER NOT NULL DEFAULT 0,
    disputed_minor      INTEGER NOT NULL DEFAULT 0,
    -- What has no settlement date yet sorts as newest, by capture.
    settled_key         INTEGER GENERATED ALWAYS AS (coalesce(settled_at, captured_at + 1000000000000000)) VIRTUAL,
    available_minor     INTEGER GENERATED ALWAYS AS (captured_minor - executed_minor - held_minor - disputed_minor) VIRTUAL,
    source_file         INTEGER NOT NULL REFERENCES import_files (seq) DEFERRABLE INITIALLY DEFERRED,
    source_line         INTEGER NOT NULL,
    UNIQUE (provider_payment_id, account)
) STRICT;

CREATE INDEX payments_by_settled     ON payments (settled_key, id);
CREATE INDEX payments_by_amount      ON payments (captured_minor, id);
CREATE INDEX payments_by_available   ON payments (available_minor, id);
CREATE INDEX payments_by_reference   ON payments (reference) WHERE reference IS NOT NULL;
CREATE INDEX payments_by_order       ON payments (order_ref) WHERE order_ref IS NOT NULL;
CREATE INDEX payments_by_payer       ON payments (payer) WHERE payer IS NOT NULL;
CREATE INDEX payments_by_last4       ON payments (last4) WHERE last4 IS NOT NULL;
-- The provider's ids are found through the unique index of (provider_payment_id, account).

CREATE TABLE captures (
    seq            INTEGER PRIMARY KEY,
    payment_id     INTEGER NOT NULL REFERENCES payments (id) DEFERRABLE INITIALLY DEFERRED,
    capture_id     TEXT    NOT NULL DEFAULT '',
    captured_at    INTEGER NOT NULL,
    settled_at     INTEGER,
    captured_minor INTEGER NOT NULL CHECK (captured_minor > 0),
    external_minor INTEGER NOT NULL DEFAULT 0 CHECK (external_minor >= 0),
    executed_minor INTEGER NOT NULL DEFAULT 0,
    held_minor     INTEGER NOT NULL DEFAULT 0,
    disputed_minor INTEGER NOT NULL DEFAULT 0 CHECK (disputed_minor >= 0),
    UNIQUE (payment_id, capture_id)
) STRICT;

-- Every move a refund can make; the same table as domain::state, and a test compares the two.
CREATE TABLE legal_moves (
    from_state TEXT NOT NULL,
    to_state   TEXT NOT NULL,
    PRIMARY KEY (from_state, to_state)
) STRICT, WITHOUT ROWID;

INSERT INTO legal_moves (from_state, to_state) VALUES
    ('reserved', 'awaiting_approval'), ('reserved', 'approved'), ('reserved', 'expired'),
    ('reserved', 'canceled'), ('reserved', 'unknown'),
    ('awaiting_approval', 'approved'), ('awaiting_approval', 'canceled'),
    ('awaiting_approval', 'expired'), ('awaiting_approval', 'unknown'),
    ('approved', 'submitting'), ('approved', 'awaiting_approval'), ('approved', 'canceled'),
    ('approved', 'expired'), ('approved', 'unknown'),
    ('submitting', 'approved'), ('submitting', 'rejected'), ('submitting', 'pending'),
    ('submitting', 'succeeded'), ('submitting', 'action_required'), ('submitting', 'unknown'),
    ('unknown', 'pending'), ('unknown', 'succeeded'), ('unknown', 'failed'),
    ('unknown', 'action_required'), ('unknown', 'submitting'), ('unknown', 'approved'),
    ('pending', 'action_required'), ('pending', 'succeeded'), ('pending', 'failed'),
    ('pending', 'canceled'), ('pending', 'unknown'),
    ('action_required', 'pending'), ('action_required', 'succeeded'), ('action_required', 'failed'),
    ('action_required', 'canceled'), ('action_required', 'unknown'),
    ('succeeded', 'settled'), ('succeeded', 'reversed'), ('succeeded', 'canceled'),
    ('settled', 'reversed'),
    ('failed', 'succeeded'), ('rejected', 'succeeded'), ('canceled', 'succeeded'),
    ('expired', 'succeeded');

CREATE TABLE refunds (
    seq                INTEGER PRIMARY KEY,
    id                 TEXT    NOT NULL UNIQUE CHECK (length(id) = 36),
    payment_id         INTEGER NOT NULL REFERENCES payments (id),
    capture_seq        INTEGER NOT NULL REFERENCES captures (seq),
    account            TEXT    NOT NULL REFERENCES accounts (name),
    kind               TEXT    NOT NULL,
    amount_minor       INTEGER NOT NULL CHECK (amount_minor > 0),
    compensation_minor INTEGER NOT NULL DEFAULT 0 CHECK (compensation_minor >= 0),
    currency           TEXT    NOT NULL,
    reason             TEXT    NOT NULL,
    note               TEXT,
    case_ref           TEXT,
    maker              TEXT    NOT NULL CHECK (maker <> ''),
    hash               TEXT    NOT NULL CHECK (length(hash) = 64),
    policy_version     INTEGER NOT NULL,
    caller_key         TEXT UNIQUE,
    supersedes         TEXT REFERENCES refunds (id),
    state              TEXT    NOT NULL,
    reported_minor     INTEGER,
    proven_minor       INTEGER,
    provider_refund_id TEXT,
    trace              TEXT,
    said               TEXT,
    send_after         INTEGER,
    expires_at         INTEGER NOT NULL,
    needs_release      INTEGER NOT NULL DEFAULT 0 CHECK (needs_release IN (0, 1)),
    due_at             INTEGER,
    looks              INTEGER NOT NULL DEFAULT 0,
    watch_until        INTEGER,
    lease_holder       TEXT,
    lease_until        INTEGER,
    fence              INTEGER NOT NULL DEFAULT 0,
    created_at         INTEGER NOT NULL,
    updated_at         INTEGER NOT NULL,
    held_minor         INTEGER GENERATED ALWAYS AS (
        CASE WHEN state IN ('reserved', 'awaiting_approval', 'approved', 'submitting', 'pending', 'action_required', 'unknown')
             THEN max(amount_minor, coalesce(reported_minor, 0)) ELSE 0 END) VIRTUAL,
    executed_minor     INTEGER GENERATED ALWAYS AS (
        CASE WHEN state IN ('succeeded', 'settled') THEN proven_minor ELSE 0 END) VIRTUAL,
    CHECK (state NOT IN ('succeeded', 'settled') OR proven_minor IS NOT NULL)
) STRICT;

CREATE INDEX refunds_by_payment     ON refunds (payment_id, seq);
CREATE INDEX refunds_by_capture     ON refunds (capture_seq);
CREATE INDEX refunds_by_state       ON refunds (state, seq);
CREATE INDEX refunds_by_due         ON refunds (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX refunds_leased         ON refunds (due_at) WHERE lease_holder IS NOT NULL;
CREATE INDEX refunds_by_provider_id ON refunds (account, provider_refund_id) WHERE provider_refund_id IS NOT NULL;

CREATE TABLE attempts (
    refund_id       TEXT    NOT NULL REFERENCES refunds (id),
    step            TEXT    NOT NULL,
    number          INTEGER NOT NULL CHECK (number > 0),
    idempotency_key TEXT    NOT NULL UNIQUE,
    correlation     TEXT    NOT NULL UNIQUE,
    method          TEXT    NOT NULL,
    url             TEXT    NOT NULL,
    body            BLOB    NOT NULL,
    sha256          TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    PRIMARY KEY (refund_id, step, number)
) STRICT, WITHOUT ROWID;

-- Each time the bytes of an attempt went out. `not_executed` only ever turns from 0 to 1.
CREATE TABLE sends (
    refund_id    TEXT    NOT NULL,
    step         TEXT    NOT NULL,
    number       INTEGER NOT NULL,
    send         INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    not_executed INTEGER NOT NULL DEFAULT 0 CHECK (not_executed IN (0, 1)),
    PRIMARY KEY (refund_id, step, number, send),
    FOREIGN KEY (refund_id, step, number) REFERENCES attempts (refund_id, step, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE observations (
    seq         INTEGER PRIMARY KEY,
    refund_id   TEXT    NOT NULL REFERENCES refunds (id),
    attempt     INTEGER,
    at          INTEGER NOT NULL,
    source      TEXT    NOT NULL,
    meaning     TEXT    NOT NULL,
    http_status INTEGER,
    said        TEXT    NOT NULL,
    support_id  TEXT,
    raw         TEXT
) STRICT;

CREATE INDEX observations_by_refund ON observations (refund_id, seq);

CREATE TABLE discrepancies (
    seq         INTEGER PRIMARY KEY,
    payment_id  INTEGER NOT NULL REFERENCES payments (id),
    refund_id   TEXT REFERENCES refunds (id),
    kind        TEXT    NOT NULL,
    detail      TEXT    NOT NULL,
    opened_at   INTEGER NOT NULL,
    resolved_at INTEGER
) STRICT;

-- The same thing seen again is one discrepancy, not many.
CREATE UNIQUE INDEX discrepancies_open ON discrepancies (payment_id, coalesce(refund_id, ''), kind, detail)
    WHERE resolved_at IS NULL;

CREATE TABLE audit (
    seq      INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    actor    TEXT    NOT NULL CHECK (actor <> ''),
    action   TEXT    NOT NULL,
    subject  TEXT    NOT NULL,
    detail   TEXT    NOT NULL,
    previous TEXT    NOT NULL CHECK (length(previous) = 64),
    hash     TEXT    NOT NULL CHECK (length(hash) = 64)
) STRICT;

CREATE INDEX audit_by_subject ON audit (subject, seq);

-- Balances: captures follow refunds, payments follow captures.

CREATE TRIGGER captures_added AFTER INSERT ON captures
WHEN NEW.executed_minor <> NEW.external_minor OR NEW.held_minor <> 0
BEGIN
    SELECT RAISE(ROLLBACK, 'a new capture starts without refunds of ours');
END;

-- A payment is written after its first capture, with its sums; later captures are added to it. A
-- trigger on payments would cost every import a journal per row; without captures behind it a
-- payment can be listed but never refunded.
CREATE TRIGGER captures_added_to_payment AFTER INSERT ON captures
WHEN EXISTS (SELECT 1 FROM payments WHERE id = NEW.payment_id)
BEGIN
    UPDATE payments SET
        captures       = captures + 1,
        captured_minor = captured_minor + NEW.captured_minor,
        executed_minor = executed_minor + NEW.executed_minor,
        disputed_minor = disputed_minor + NEW.disputed_minor
    WHERE id = NEW.payment_id;
END;

CREATE TRIGGER captures_kept BEFORE DELETE ON captures BEGIN
    SELECT RAISE(ABORT, 'captures are never deleted');
END;

CREATE TRIGGER captures_fixed BEFORE UPDATE OF payment_id, capture_id, captured_minor ON captures BEGIN
    SELECT RAISE(ABORT, 'what was captured never changes');
END;

CREATE TRIGGER captures_follow AFTER UPDATE OF executed_minor, held_minor, external_minor, disputed_minor ON captures BEGIN
    SELECT RAISE(ABORT, 'a balance follows its refunds; it is never set')
    WHERE NEW.held_minor <> (SELECT coalesce(sum(held_minor), 0) FROM refunds WHERE capture_seq = NEW.seq)
       OR NEW.executed_minor <> NEW.external_minor
              + (SELECT coalesce(sum(executed_minor), 0) FROM refunds WHERE capture_seq = NEW.seq);
    UPDATE payments SET
        executed_minor = (SELECT sum(executed_minor) FROM captures WHERE payment_id = NEW.payment_id),
        held_minor     = (SELECT sum(held_minor)     FROM captures WHERE payment_id = NEW.payment_id),
        disputed_minor = (SELECT sum(disputed_minor) FROM captures WHERE payment_id = NEW.payment_id)
    WHERE id = NEW.payment_id;
END;

CREATE TRIGGER payments_follow AFTER UPDATE OF captured_minor, executed_minor, held_minor, disputed_minor ON payments
WHEN EXISTS (
    SELECT 1 FROM (
        SELECT sum(captured_minor) AS captured, sum(executed_minor) AS executed, sum(held_minor) AS held,
               sum(disputed_minor) AS disputed
        FROM captures WHERE payment_id = NEW.id)
    WHERE captured <> NEW.captured_minor OR executed <> NEW.executed_minor
       OR held <> NEW.held_minor OR disputed <> NEW.disputed_minor)
BEGIN
    SELECT RAISE(ROLLBACK, 'a payment is the sum of its captures; it is never set');
END;

CREATE TRIGGER payments_kept BEFORE DELETE ON payments BEGIN
    SELECT RAISE(ABORT, 'payments are never deleted');
END;

CREATE TRIGGER payments_fixed BEFORE UPDATE OF id, account, provider_payment_id, currency ON payments BEGIN
    SELECT RAISE(ABORT, 'what a payment is never changes');
END;

-- Refunds.

CREATE TRIGGER refunds_begin BEFORE INSERT ON refunds BEGIN
    SELECT RAISE(ABORT, 'a refund begins reserved')
    WHERE NEW.state <> 'reserved' OR NEW.reported_minor IS NOT NULL OR NEW.proven_minor IS NOT NULL;
    SELECT RAISE(ABORT, 'a refund is of one capture of its payment, in its currency and account')
    WHERE NOT EXISTS (
        SELECT 1 FROM captures c JOIN payments p ON p.id = c.payment_id
        WHERE c.seq = NEW.capture_seq AND p.id = NEW.payment_id AND p.currency = NEW.currency AND p.account = NEW.account);
END;

-- Invariant 1: a new hold never takes what is available below zero.
CREATE TRIGGER refunds_hold AFTER INSERT ON refunds BEGIN
    UPDATE captures SET held_minor = held_minor + NEW.amount_minor WHERE seq = NEW.capture_seq;
    SELECT RAISE(ABORT, 'over available')
    WHERE EXISTS (SELECT 1 FROM captures WHERE seq = NEW.capture_seq
                  AND captured_minor - executed_minor - held_minor - disputed_minor < 0)
       OR EXISTS (SELECT 1 FROM payments WHERE id = NEW.payment_id AND available_minor < 0);
END;

CREATE TRIGGER refunds_move BEFORE UPDATE OF state ON refunds
WHEN NEW.state <> OLD.state
 AND NOT EXISTS (SELECT 1 FROM legal_moves WHERE from_state = OLD.state AND to_state = NEW.state)
BEGIN
    SELECT RAISE(ABORT, 'a refund does not move that way');
END;

CREATE TRIGGER refunds_weigh AFTER UPDATE OF state, reported_minor, proven_minor ON refunds BEGIN
    UPDATE captures SET
        held_minor     = (SELECT coalesce(sum(held_minor), 0) FROM refunds WHERE capture_seq = NEW.capture_seq),
        executed_minor = external_minor
            + (SELECT coalesce(sum(executed_minor), 0) FROM refunds WHERE capture_seq = NEW.capture_seq)
    WHERE seq = NEW.capture_seq;
END;

CREATE TRIGGER refunds_fixed BEFORE UPDATE OF
    id, payment_id, capture_seq, account, kind, amount_minor, compensation_minor, currency, reason, note, case_ref,
    maker, hash, policy_version, caller_key, supersedes, created_at ON refunds
BEGIN
    SELECT RAISE(ABORT, 'what was decided never changes');
END;

CREATE TRIGGER refunds_kept BEFORE DELETE ON refunds BEGIN
    SELECT RAISE(ABORT, 'refunds are never deleted');
END;

-- Evidence is added, never changed.

CREATE TRIGGER attempts_fixed BEFORE UPDATE ON attempts BEGIN
    SELECT RAISE(ABORT, 'attempts are never changed');
END;
CREATE TRIGGER attempts_kept BEFORE DELETE ON attempts BEGIN
    SELECT RAISE(ABORT, 'attempts are never deleted');
END;
-- A new key needs every earlier send of the step proven unexecuted.
CREATE TRIGGER attempts_one_unresolved BEFORE INSERT ON attempts
WHEN EXISTS (SELECT 1 FROM sends WHERE refund_id = NEW.refund_id AND step = NEW.step AND not_executed = 0)
BEGIN
    SELECT RAISE(ABORT, 'an earlier attempt may have been executed');
END;

CREATE TRIGGER sends_fixed BEFORE UPDATE ON sends
WHEN NEW.not_executed < OLD.not_executed OR NEW.at <> OLD.at OR NEW.refund_id <> OLD.refund_id
  OR NEW.step <> OLD.step OR NEW.number <> OLD.number OR NEW.send <> OLD.send
BEGIN
    SELECT RAISE(ABORT, 'sends are never changed');
END;
CREATE TRIGGER sends_kept BEFORE DELETE ON sends BEGIN
    SELECT RAISE(ABORT, 'sends are never deleted');
END;

CREATE TRIGGER observations_fixed BEFORE UPDATE ON observations BEGIN
    SELECT RAISE(ABORT, 'observations are never changed');
END;
CREATE TRIGGER observations_kept BEFORE DELETE ON observations BEGIN
    SELECT RAISE(ABORT, 'observations are never deleted');
END;

CREATE TRIGGER discrepancies_kept BEFORE DELETE ON discrepancies BEGIN
    SELECT RAISE(ABORT, 'discrepancies are resolved, never deleted');
END;

CREATE TRIGGER audit_chained BEFORE INSERT ON audit
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM audit)
  OR NEW.previous <> coalesce((SELECT hash FROM audit ORDER BY seq DESC LIMIT 1), printf('%064d', 0))
BEGIN
    SELECT RAISE(ABORT, 'the audit is a chain');
END;
CREATE TRIGGER audit_fixed BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit is never changed');
END;
CREATE TRIGGER audit_kept BEFORE DELETE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit is never shortened');
END;
