-- What people decide: approvals, declines, proposals of an outcome, and the rules they decided under.
--
-- Why in the database: whoever makes a refund must not be able to approve it, not even with SQL typed
-- by hand. So approving needs a row by somebody else, absence needs two different people, and a row
-- once written is only ever ended, never changed.

CREATE TABLE approvals (
    seq         INTEGER PRIMARY KEY,
    refund_id   TEXT    NOT NULL REFERENCES refunds (id),
    checker     TEXT    NOT NULL CHECK (checker <> ''),
    -- SHA-256 over everything the checker saw (domain::approval).
    hash        TEXT    NOT NULL CHECK (length(hash) = 64),
    at          INTEGER NOT NULL,
    voided_at   INTEGER,
    void_reason TEXT,
    CHECK ((voided_at IS NULL) = (void_reason IS NULL))
) STRICT;

CREATE UNIQUE INDEX approvals_live ON approvals (refund_id) WHERE voided_at IS NULL;
CREATE INDEX approvals_by_refund ON approvals (refund_id, seq);

CREATE TRIGGER approvals_four_eyes BEFORE INSERT ON approvals BEGIN
    SELECT RAISE(ABORT, 'whoever made a refund cannot approve it')
    WHERE NEW.checker = (SELECT maker FROM refunds WHERE id = NEW.refund_id);
    SELECT RAISE(ABORT, 'only what waits for a checker, and has not expired, is approved')
    WHERE NOT EXISTS (SELECT 1 FROM refunds WHERE id = NEW.refund_id
                      AND state = 'awaiting_approval' AND expires_at > NEW.at);
    SELECT RAISE(ABORT, 'an approval begins in force') WHERE NEW.voided_at IS NOT NULL;
    SELECT RAISE(ABORT, 'approvals are never replaced')
    WHERE EXISTS (SELECT 1 FROM approvals WHERE seq = NEW.seq)
       OR EXISTS (SELECT 1 FROM approvals WHERE refund_id = NEW.refund_id AND voided_at IS NULL);
END;
CREATE TRIGGER approvals_fixed BEFORE UPDATE ON approvals
WHEN OLD.voided_at IS NOT NULL OR NEW.voided_at IS NULL
  OR NEW.seq <> OLD.seq OR NEW.refund_id <> OLD.refund_id OR NEW.checker <> OLD.checker
  OR NEW.hash <> OLD.hash OR NEW.at <> OLD.at
BEGIN
    SELECT RAISE(ABORT, 'approvals are voided once, never changed');
END;
CREATE TRIGGER approvals_kept BEFORE DELETE ON approvals BEGIN
    SELECT RAISE(ABORT, 'approvals are never deleted');
END;

-- A checker's no, apart from a withdrawal; both end CANCELED.
CREATE TABLE declines (
    refund_id TEXT PRIMARY KEY REFERENCES refunds (id),
    checker   TEXT    NOT NULL CHECK (checker <> ''),
    note      TEXT    NOT NULL CHECK (note <> ''),
    at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER declines_four_eyes BEFORE INSERT ON declines BEGIN
    SELECT RAISE(ABORT, 'whoever made a refund withdraws it, and cannot decline it')
    WHERE NEW.checker = (SELECT maker FROM refunds WHERE id = NEW.refund_id);
    SELECT RAISE(ABORT, 'only what waits for a checker is declined')
    WHERE NOT EXISTS (SELECT 1 FROM refunds WHERE id = NEW.refund_id AND state = 'awaiting_approval');
    SELECT RAISE(ABORT, 'declines are never replaced')
    WHERE EXISTS (SELECT 1 FROM declines WHERE refund_id = NEW.refund_id);
END;
CREATE TRIGGER declines_fixed BEFORE UPDATE ON declines BEGIN
    SELECT RAISE(ABORT, 'declines are never changed');
END;
CREATE TRIGGER declines_kept BEFORE DELETE ON declines BEGIN
    SELECT RAISE(ABORT, 'declines are never deleted');
END;

-- An outcome one person states with evidence (T14, T15). A second person ends it by agreeing or by
-- declining; evidence that arrives meanwhile overtakes it.
CREATE TABLE proposals (
    seq                INTEGER PRIMARY KEY,
    refund_id          TEXT    NOT NULL REFERENCES refunds (id),
    outcome            TEXT    NOT NULL CHECK (outcome IN ('succeeded', 'failed', 'absent')),
    paid_minor         INTEGER CHECK (paid_minor > 0),
    evidence_kind      TEXT    NOT NULL CHECK (evidence_kind <> ''),
    evidence_reference TEXT    NOT NULL CHECK (evidence_reference <> ''),
    evidence_date      TEXT,
    evidence_sha256    TEXT CHECK (length(evidence_sha256) = 64),
    hash               TEXT    NOT NULL CHECK (length(hash) = 64),
    by_whom            TEXT    NOT NULL CHECK (by_whom <> ''),
    at                 INTEGER NOT NULL,
    second             TEXT CHECK (second <> '' AND second <> by_whom),
    second_evidence    TEXT,
    ended_as           TEXT CHECK (ended_as IN ('agreed', 'declined', 'overtaken')),
    ended_by           TEXT,
    ended_at           INTEGER,
    ended_note         TEXT,
    CHECK ((outcome = 'succeeded') = (paid_minor IS NOT NULL)),
    CHECK ((ended_at IS NULL) = (ended_as IS NULL) AND (ended_at IS NULL) = (ended_by IS NULL)),
    CHECK ((second IS NOT NULL) = (ended_as IS NOT NULL AND ended_as = 'agreed'))
) STRICT;

CREATE UNIQUE INDEX proposals_open ON proposals (refund_id) WHERE ended_at IS NULL;
CREATE INDEX proposals_by_refund ON proposals (refund_id, seq);

CREATE TRIGGER proposals_begin BEFORE INSERT ON proposals BEGIN
    SELECT RAISE(ABORT, 'a proposal begins with one person') WHERE NEW.ended_at IS NOT NULL;
    SELECT RAISE(ABORT, 'only an open outcome is stated by people')
    WHERE NOT EXISTS (SELECT 1 FROM refunds WHERE id = NEW.refund_id
                      AND (state = 'unknown' OR (NEW.outcome <> 'absent' AND state IN ('pending', 'action_required'))));
    SELECT RAISE(ABORT, 'proposals are never replaced')
    WHERE EXISTS (SELECT 1 FROM proposals WHERE seq = NEW.seq)
       OR EXISTS (SELECT 1 FROM proposals WHERE refund_id = NEW.refund_id AND ended_at IS NULL);
END;
CREATE TRIGGER proposals_fixed BEFORE UPDATE ON proposals
WHEN OLD.ended_at IS NOT NULL OR NEW.ended_at IS NULL
  OR NEW.seq <> OLD.seq OR NEW.refund_id <> OLD.refund_id OR NEW.outcome <> OLD.outcome
  OR NEW.paid_minor IS NOT OLD.paid_minor OR NEW.evidence_kind <> OLD.evidence_kind
  OR NEW.evidence_reference <> OLD.evidence_reference OR NEW.evidence_date IS NOT OLD.evidence_date
  OR NEW.evidence_sha256 IS NOT OLD.evidence_sha256 OR NEW.hash <> OLD.hash
  OR NEW.by_whom <> OLD.by_whom OR NEW.at <> OLD.at
BEGIN
    SELECT RAISE(ABORT, 'proposals are ended once, never changed');
END;
CREATE TRIGGER proposals_kept BEFORE DELETE ON proposals BEGIN
    SELECT RAISE(ABORT, 'proposals are never deleted');
END;

-- Moves of a refund that take people.

CREATE TRIGGER refunds_always_two BEFORE UPDATE OF state ON refunds
WHEN OLD.state = 'reserved' AND NEW.state = 'approved'
 AND (NEW.compensation_minor > 0
      OR EXISTS (SELECT 1 FROM refunds WHERE id = NEW.supersedes AND state = 'reversed'))
BEGIN
    SELECT RAISE(ABORT, 'this refund always takes two people');
END;
CREATE TRIGGER refunds_four_eyes BEFORE UPDATE OF state ON refunds
WHEN OLD.state = 'awaiting_approval' AND NEW.state = 'approved'
 AND NOT EXISTS (SELECT 1 FROM approvals
                 WHERE refund_id = NEW.id AND voided_at IS NULL AND checker <> NEW.maker)
BEGIN
    SELECT RAISE(ABORT, 'nobody else than the maker has approved it');
END;
-- T14: every send is proven unexecuted, and two people said so after the last of them.
CREATE TRIGGER refunds_proven_absent BEFORE UPDATE OF state ON refunds
WHEN OLD.state = 'unknown' AND NEW.state = 'approved'
 AND (EXISTS (SELECT 1 FROM sends WHERE refund_id = NEW.id AND not_executed = 0)
      OR NOT EXISTS (SELECT 1 FROM proposals
                     WHERE refund_id = NEW.id AND outcome = 'absent' AND ended_as = 'agreed'
                       AND ended_at > (SELECT coalesce(max(at), 0) FROM sends WHERE refund_id = NEW.id)))
BEGIN
    SELECT RAISE(ABORT, 'two people have not found it absent');
END;

-- The rules in force, as each desk that opens finds them: the policy, and what decides where an
-- account's money goes. The newest version of a subject is the one in force; empty: it is gone.
CREATE TABLE rules (
    subject TEXT    NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    says    TEXT    NOT NULL,
    by_whom TEXT    NOT NULL CHECK (by_whom <> ''),
    at      INTEGER NOT NULL,
    PRIMARY KEY (subject, version)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER rules_in_order BEFORE INSERT ON rules
WHEN NEW.version <> 1 + coalesce((SELECT max(version) FROM rules WHERE subject = NEW.subject), 0)
BEGIN
    SELECT RAISE(ABORT, 'versions of a rule follow each other');
END;
CREATE TRIGGER rules_fixed BEFORE UPDATE ON rules BEGIN
    SELECT RAISE(ABORT, 'rules are never changed, only followed by new ones');
END;
CREATE TRIGGER rules_kept BEFORE DELETE ON rules BEGIN
    SELECT RAISE(ABORT, 'rules are never deleted');
END;

-- Whether a refund that ended unpaid was tried again.
CREATE INDEX refunds_by_supersedes ON refunds (supersedes) WHERE supersedes IS NOT NULL;
