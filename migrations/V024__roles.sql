-- Who may make and approve, and how much, as the database itself holds it.
--
-- Why in the database: a limit that only a screen knows is no limit for whoever types SQL. So the
-- people and figures of the rules in force stand beside the rules, each refund keeps what it was
-- judged under, and neither a refund above a hard limit nor an approval without a role is written.
-- Where no roles are configured there is nobody to tell apart, and nothing here refuses.

-- Whom a version of a rule gives which role. Written before its version, never added to later.
CREATE TABLE rule_grants (
    subject TEXT    NOT NULL CHECK (subject LIKE 'role %'),
    version INTEGER NOT NULL CHECK (version > 0),
    role    TEXT    NOT NULL CHECK (role IN ('viewer', 'importer', 'maker', 'checker', 'admin')),
    kind    TEXT    NOT NULL CHECK (kind IN ('user', 'group')),
    who     TEXT    NOT NULL CHECK (who <> ''),
    PRIMARY KEY (subject, version, role, kind, who)
) STRICT, WITHOUT ROWID;

-- The figures of a version of a rule: minor units of a currency, or main units for all that are not
-- named ('*').
CREATE TABLE rule_figures (
    subject  TEXT    NOT NULL,
    version  INTEGER NOT NULL CHECK (version > 0),
    name     TEXT    NOT NULL CHECK (name IN ('free_refund', 'free_day', 'hard_refund', 'hard_day',
                                              'cap_per_day', 'approval_above')),
    currency TEXT    NOT NULL CHECK (length(currency) = 3 OR currency = '*'),
    figure   INTEGER NOT NULL CHECK (figure >= 0),
    PRIMARY KEY (subject, version, name, currency)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER rule_grants_with_their_rule BEFORE INSERT ON rule_grants
WHEN EXISTS (SELECT 1 FROM rules WHERE subject = NEW.subject AND version >= NEW.version) BEGIN
    SELECT RAISE(ABORT, 'what a rule gives is written with it, never later');
END;
CREATE TRIGGER rule_grants_fixed BEFORE UPDATE ON rule_grants BEGIN
    SELECT RAISE(ABORT, 'what a rule gives is never changed');
END;
CREATE TRIGGER rule_grants_kept BEFORE DELETE ON rule_grants BEGIN
    SELECT RAISE(ABORT, 'what a rule gives is never deleted');
END;
CREATE TRIGGER rule_figures_with_their_rule BEFORE INSERT ON rule_figures
WHEN EXISTS (SELECT 1 FROM rules WHERE subject = NEW.subject AND version >= NEW.version) BEGIN
    SELECT RAISE(ABORT, 'the figures of a rule are written with it, never later');
END;
CREATE TRIGGER rule_figures_fixed BEFORE UPDATE ON rule_figures BEGIN
    SELECT RAISE(ABORT, 'the figures of a rule are never changed');
END;
CREATE TRIGGER rule_figures_kept BEFORE DELETE ON rule_figures BEGIN
    SELECT RAISE(ABORT, 'the figures of a rule are never deleted');
END;

CREATE VIEW grants_in_force AS
SELECT g.subject, g.version, g.role, g.kind, g.who FROM rule_grants g
WHERE g.version = (SELECT max(version) FROM rules r WHERE r.subject = g.subject);

-- How many minor units make a main one; a hundred where a currency is not listed. Those of ISO 4217,
-- and a test compares them with domain::money.
CREATE TABLE minor_per_main (currency TEXT PRIMARY KEY, units INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO minor_per_main VALUES
    ('BHD', 1000), ('BIF', 1), ('CLF', 10000), ('CLP', 1), ('DJF', 1), ('GNF', 1), ('IQD', 1000), ('ISK', 1),
    ('JOD', 1000), ('JPY', 1), ('KMF', 1), ('KRW', 1), ('KWD', 1000), ('LYD', 1000), ('OMR', 1000),
    ('PYG', 1), ('RWF', 1), ('TND', 1000), ('UGX', 1), ('UYI', 1), ('UYW', 10000), ('VND', 1), ('VUV', 1),
    ('XAF', 1), ('XOF', 1), ('XPF', 1);

-- What each refund was made under: by what right, which limits were in force for its maker, and what
-- the maker and the account had used that business day.
CREATE TABLE made_under (
    refund_id    TEXT    PRIMARY KEY,
    maker        TEXT    NOT NULL CHECK (maker <> ''),
    account      TEXT    NOT NULL,
    currency     TEXT    NOT NULL,
    -- The date in the business time zone.
    day          TEXT    NOT NULL CHECK (day GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),
    -- Principal and compensation.
    minor        INTEGER NOT NULL CHECK (minor > 0),
    -- The rule that makes them a maker, and the group through which; none: no roles are configured.
    role         TEXT,
    role_version INTEGER,
    via_group    TEXT,
    free_refund  INTEGER,
    free_day     INTEGER,
    hard_refund  INTEGER,
    hard_day     INTEGER,
    cap_per_day  INTEGER,
    used         INTEGER NOT NULL,
    account_used INTEGER NOT NULL,
    CHECK ((role IS NULL) = (role_version IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX made_under_by_maker   ON made_under (maker, currency, day);
CREATE INDEX made_under_by_account ON made_under (account, currency, day);

-- Refunds from before there were limits count on the UTC day they were made.
INSERT INTO made_under (refund_id, maker, account, currency, day, minor, used, account_used)
SELECT id, maker, account, currency, date(created_at / 1000, 'unixepoch'), amount_minor + compensation_minor, 0, 0
FROM refunds;

-- What counts against a day: what failed, was refused, withdrawn or expired is given back.
CREATE VIEW used_allowance AS
SELECT m.maker, m.account, m.currency, m.day, m.minor
FROM made_under m JOIN refunds r ON r.id = m.refund_id
WHERE r.state NOT IN ('failed', 'rejected', 'canceled', 'expired');

CREATE TRIGGER made_under_within BEFORE INSERT ON made_under BEGIN
    SELECT RAISE(ABORT, 'what a refund was made under is written before it, once')
    WHERE EXISTS (SELECT 1 FROM refunds WHERE id = NEW.refund_id)
       OR EXISTS (SELECT 1 FROM made_under WHERE refund_id = NEW.refund_id);
    SELECT RAISE(ABORT, 'the rules changed: no maker by the roles in force')
    WHERE EXISTS (SELECT 1 FROM grants_in_force)
      AND (NOT EXISTS (SELECT 1 FROM grants_in_force
                       WHERE subject = NEW.role AND version = NEW.role_version AND role = 'maker'
                         AND (kind = 'user' AND NEW.via_group IS NULL AND who = NEW.maker
                              OR kind = 'group' AND who = NEW.via_group))
           OR EXISTS (SELECT 1 FROM grants_in_force WHERE role = 'admin' AND kind = 'user' AND who = NEW.maker));
    SELECT RAISE(ABORT, 'the rules changed: these are not the limits in force')
    WHERE EXISTS (
        SELECT 1
        FROM (SELECT 'free_refund' AS name, NEW.free_refund AS figure, NEW.role AS subject
              UNION ALL SELECT 'free_day', NEW.free_day, NEW.role
              UNION ALL SELECT 'hard_refund', NEW.hard_refund, NEW.role
              UNION ALL SELECT 'hard_day', NEW.hard_day, NEW.role
              UNION ALL SELECT 'cap_per_day', NEW.cap_per_day, 'account ' || NEW.account) told
        WHERE told.figure IS NOT coalesce(
            (SELECT f.figure FROM rule_figures f
             WHERE f.subject = told.subject AND f.name = told.name AND f.currency = NEW.currency
               AND f.version = (SELECT max(version) FROM rules WHERE subject = f.subject)),
            (SELECT f.figure * coalesce((SELECT units FROM minor_per_main WHERE currency = NEW.currency), 100)
             FROM rule_figures f
             WHERE f.subject = told.subject AND f.name = told.name AND f.currency = '*'
               AND f.version = (SELECT max(version) FROM rules WHERE subject = f.subject))));
    SELECT RAISE(ABORT, 'over the hard limit of its maker')
    WHERE NEW.minor > NEW.hard_refund
       OR NEW.minor + (SELECT coalesce(sum(minor), 0) FROM used_allowance
                       WHERE maker = NEW.maker AND currency = NEW.currency AND day = NEW.day) > NEW.hard_day;
    SELECT RAISE(ABORT, 'over the daily cap of its account')
    WHERE NEW.minor + (SELECT coalesce(sum(minor), 0) FROM used_allowance
                       WHERE account = NEW.account AND currency = NEW.currency AND day = NEW.day) > NEW.cap_per_day;
END;
CREATE TRIGGER made_under_fixed BEFORE UPDATE ON made_under BEGIN
    SELECT RAISE(ABORT, 'what a refund was made under is never changed');
END;
CREATE TRIGGER made_under_kept BEFORE DELETE ON made_under BEGIN
    SELECT RAISE(ABORT, 'what a refund was made under is never deleted');
END;

-- No refund without it where roles or caps are in force. What a restore takes over was sent: it is
-- evidence. A business day is never more than a day away from the one at Greenwich.
CREATE TRIGGER refunds_made_under BEFORE INSERT ON refunds
WHEN NOT EXISTS (SELECT 1 FROM taking_over)
 AND (EXISTS (SELECT 1 FROM grants_in_force)
      OR EXISTS (SELECT 1 FROM rule_figures f WHERE f.subject = 'account ' || NEW.account
                 AND f.version = (SELECT max(version) FROM rules WHERE subject = f.subject)))
 AND NOT EXISTS (SELECT 1 FROM made_under
                 WHERE refund_id = NEW.id AND maker = NEW.maker AND account = NEW.account
                   AND currency = NEW.currency AND minor = NEW.amount_minor + NEW.compensation_minor
                   AND abs(julianday(day) - julianday(date(NEW.created_at / 1000, 'unixepoch'))) <= 1)
BEGIN
    SELECT RAISE(ABORT, 'nobody with a role to make it made this refund');
END;

-- T2: freely goes only what is within what its maker may refund alone.
CREATE TRIGGER refunds_free BEFORE UPDATE OF state ON refunds
WHEN OLD.state = 'reserved' AND NEW.state = 'approved'
 AND EXISTS (SELECT 1 FROM made_under m WHERE m.refund_id = NEW.id
             AND (m.minor > m.free_refund
                  OR (SELECT coalesce(sum(minor), 0) FROM used_allowance u
                      WHERE u.maker = m.maker AND u.currency = m.currency AND u.day = m.day) > m.free_day))
BEGIN
    SELECT RAISE(ABORT, 'this refund is above what its maker may refund alone');
END;

-- T2: and what the policy in force lets go without a checker, together with what went or is held for
-- the same payment, order or payer over seven days.
CREATE VIEW approval_above_in_force AS
SELECT f.currency, f.figure FROM rule_figures f
WHERE f.subject = 'policy' AND f.name = 'approval_above'
  AND f.version = (SELECT max(version) FROM rules WHERE subject = 'policy');

CREATE TRIGGER refunds_above BEFORE UPDATE OF state ON refunds
WHEN OLD.state = 'reserved' AND NEW.state = 'approved'
 AND max(NEW.amount_minor,
         (SELECT coalesce(sum(r.held_minor + r.executed_minor), 0) FROM refunds r
          WHERE r.payment_id = NEW.payment_id AND r.created_at >= NEW.created_at - 604800000
            AND r.currency = NEW.currency),
         (SELECT coalesce(sum(r.held_minor + r.executed_minor), 0)
          FROM payments own JOIN payments p ON p.order_ref = own.order_ref CROSS JOIN refunds r ON r.payment_id = p.id
          WHERE own.id = NEW.payment_id AND r.created_at >= NEW.created_at - 604800000 AND r.currency = NEW.currency),
         (SELECT coalesce(sum(r.held_minor + r.executed_minor), 0)
          FROM payments own JOIN payments p ON p.payer = own.payer CROSS JOIN refunds r ON r.payment_id = p.id
          WHERE own.id = NEW.payment_id AND r.created_at >= NEW.created_at - 604800000 AND r.currency = NEW.currency))
     > coalesce((SELECT figure FROM approval_above_in_force WHERE currency = NEW.currency),
                (SELECT figure * coalesce((SELECT units FROM minor_per_main WHERE currency = NEW.currency), 100)
                 FROM approval_above_in_force WHERE currency = '*'))
BEGIN
    SELECT RAISE(ABORT, 'the rules changed: this refund is above what goes without a checker');
END;

-- A checker's right to approve, handed on to one person for some business days.
CREATE TABLE delegations (
    seq          INTEGER PRIMARY KEY,
    checker      TEXT    NOT NULL CHECK (checker <> ''),
    role         TEXT    NOT NULL,
    role_version INTEGER NOT NULL,
    via_group    TEXT,
    delegate     TEXT    NOT NULL CHECK (delegate <> '' AND delegate <> checker),
    from_day     TEXT    NOT NULL CHECK (from_day GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),
    until_day    TEXT    NOT NULL CHECK (until_day GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),
    at           INTEGER NOT NULL,
    ended_at     INTEGER,
    ended_by     TEXT CHECK (ended_by <> ''),
    CHECK (until_day >= from_day),
    CHECK ((ended_at IS NULL) = (ended_by IS NULL))
) STRICT;

CREATE INDEX delegations_by_delegate ON delegations (delegate, until_day);

CREATE TRIGGER delegations_by_checkers BEFORE INSERT ON delegations BEGIN
    SELECT RAISE(ABORT, 'a delegation begins in force, and is never replaced')
    WHERE NEW.ended_at IS NOT NULL OR EXISTS (SELECT 1 FROM delegations WHERE seq = NEW.seq);
    SELECT RAISE(ABORT, 'the rules changed: only a checker hands on the right to approve')
    WHERE NOT EXISTS (SELECT 1 FROM grants_in_force
                      WHERE subject = NEW.role AND version = NEW.role_version AND role = 'checker'
                        AND (kind = 'user' AND NEW.via_group IS NULL AND who = NEW.checker
                             OR kind = 'group' AND who = NEW.via_group))
       OR EXISTS (SELECT 1 FROM grants_in_force
                  WHERE role = 'admin' AND kind = 'user' AND who IN (NEW.checker, NEW.delegate));
END;
CREATE TRIGGER delegations_fixed BEFORE UPDATE ON delegations
WHEN OLD.ended_at IS NOT NULL OR NEW.ended_at IS NULL
  OR NEW.seq <> OLD.seq OR NEW.checker <> OLD.checker OR NEW.role <> OLD.role
  OR NEW.role_version <> OLD.role_version OR NEW.via_group IS NOT OLD.via_group
  OR NEW.delegate <> OLD.delegate OR NEW.from_day <> OLD.from_day OR NEW.until_day <> OLD.until_day
  OR NEW.at <> OLD.at
BEGIN
    SELECT RAISE(ABORT, 'delegations are ended once, never changed');
END;
CREATE TRIGGER delegations_kept BEFORE DELETE ON delegations BEGIN
    SELECT RAISE(ABORT, 'delegations are never deleted');
END;

-- Who is away: the newest word of each person counts; one without days says that they are back.
CREATE TABLE absences (
    seq       INTEGER PRIMARY KEY,
    person    TEXT    NOT NULL CHECK (person <> ''),
    from_day  TEXT,
    until_day TEXT,
    at        INTEGER NOT NULL,
    CHECK ((from_day IS NULL) = (until_day IS NULL) AND (until_day IS NULL OR until_day >= from_day))
) STRICT;

CREATE INDEX absences_by_person ON absences (person, seq);

CREATE TRIGGER absences_fixed BEFORE UPDATE ON absences BEGIN
    SELECT RAISE(ABORT, 'what was said about absences is never changed');
END;
CREATE TRIGGER absences_kept BEFORE DELETE ON absences BEGIN
    SELECT RAISE(ABORT, 'what was said about absences is never deleted');
END;

-- By what right an approval was given: the role, and the delegation where it was another's.
ALTER TABLE approvals ADD COLUMN policy_version INTEGER;
ALTER TABLE approvals ADD COLUMN role           TEXT;
ALTER TABLE approvals ADD COLUMN role_version   INTEGER;
ALTER TABLE approvals ADD COLUMN via_group      TEXT;
ALTER TABLE approvals ADD COLUMN delegation     INTEGER REFERENCES delegations (seq);
-- The date in the business time zone.
ALTER TABLE approvals ADD COLUMN day            TEXT;

DROP TRIGGER approvals_fixed;
CREATE TRIGGER approvals_fixed BEFORE UPDATE ON approvals
WHEN OLD.voided_at IS NOT NULL OR NEW.voided_at IS NULL
  OR NEW.seq <> OLD.seq OR NEW.refund_id <> OLD.refund_id OR NEW.checker <> OLD.checker
  OR NEW.hash <> OLD.hash OR NEW.at <> OLD.at OR NEW.policy_version IS NOT OLD.policy_version
  OR NEW.role IS NOT OLD.role OR NEW.role_version IS NOT OLD.role_version
  OR NEW.via_group IS NOT OLD.via_group OR NEW.delegation IS NOT OLD.delegation OR NEW.day IS NOT OLD.day
BEGIN
    SELECT RAISE(ABORT, 'approvals are voided once, never changed');
END;

-- T3: a checker by the roles in force, or somebody to whom one handed on the right for that day: never
-- for what either of the two made.
CREATE TRIGGER approvals_by_checkers BEFORE INSERT ON approvals
WHEN EXISTS (SELECT 1 FROM grants_in_force) BEGIN
    SELECT RAISE(ABORT, 'the rules changed: an approval names the policy in force')
    WHERE NEW.policy_version IS NOT (SELECT coalesce(max(version), 0) FROM rules WHERE subject = 'policy');
    SELECT RAISE(ABORT, 'an admin approves nothing')
    WHERE EXISTS (SELECT 1 FROM grants_in_force WHERE role = 'admin' AND kind = 'user' AND who = NEW.checker);
    SELECT RAISE(ABORT, 'the rules changed: no checker by the roles in force')
    WHERE NOT EXISTS (
        SELECT 1 FROM grants_in_force g
        WHERE g.subject = NEW.role AND g.version = NEW.role_version AND g.role = 'checker'
          AND (g.kind = 'group' AND g.who = NEW.via_group
               OR g.kind = 'user' AND NEW.via_group IS NULL
                  AND g.who = CASE WHEN NEW.delegation IS NULL THEN NEW.checker
                                   ELSE (SELECT checker FROM delegations WHERE seq = NEW.delegation) END));
    SELECT RAISE(ABORT, 'nobody handed on the right to approve this')
    WHERE NEW.delegation IS NOT NULL
      AND NOT EXISTS (
        SELECT 1 FROM delegations d
        WHERE d.seq = NEW.delegation AND d.delegate = NEW.checker AND d.ended_at IS NULL
          AND d.role = NEW.role AND d.via_group IS NEW.via_group
          AND NEW.day BETWEEN d.from_day AND d.until_day
          AND abs(julianday(NEW.day) - julianday(date(NEW.at / 1000, 'unixepoch'))) <= 1
          AND d.checker <> (SELECT maker FROM refunds WHERE id = NEW.refund_id));
END;

-- T7: the role that an approval rests on is still given to whom it was given to.
CREATE TRIGGER refunds_still_approved BEFORE UPDATE OF state ON refunds
WHEN OLD.state = 'approved' AND NEW.state = 'submitting'
 AND EXISTS (SELECT 1 FROM grants_in_force)
 AND EXISTS (SELECT 1 FROM approvals a WHERE a.refund_id = NEW.id AND a.voided_at IS NULL
             AND NOT EXISTS (
                 SELECT 1 FROM grants_in_force g
                 WHERE g.subject = a.role AND g.role = 'checker'
                   AND (g.kind = 'group' AND g.who = a.via_group
                        OR g.kind = 'user' AND a.via_group IS NULL
                           AND g.who = CASE WHEN a.delegation IS NULL THEN a.checker
                                            ELSE (SELECT checker FROM delegations WHERE seq = a.delegation) END)))
BEGIN
    SELECT RAISE(ABORT, 'the rules changed: whoever approved it is no checker now');
END;

-- T14, T15: one of the two people who state an outcome is a checker.
ALTER TABLE proposals ADD COLUMN role             TEXT;
ALTER TABLE proposals ADD COLUMN via_group        TEXT;
ALTER TABLE proposals ADD COLUMN second_role      TEXT;
ALTER TABLE proposals ADD COLUMN second_via_group TEXT;

DROP TRIGGER proposals_fixed;
CREATE TRIGGER proposals_fixed BEFORE UPDATE ON proposals
WHEN OLD.ended_at IS NOT NULL OR NEW.ended_at IS NULL
  OR NEW.seq <> OLD.seq OR NEW.refund_id <> OLD.refund_id OR NEW.outcome <> OLD.outcome
  OR NEW.paid_minor IS NOT OLD.paid_minor OR NEW.evidence_kind <> OLD.evidence_kind
  OR NEW.evidence_reference <> OLD.evidence_reference OR NEW.evidence_date IS NOT OLD.evidence_date
  OR NEW.evidence_sha256 IS NOT OLD.evidence_sha256 OR NEW.hash <> OLD.hash
  OR NEW.by_whom <> OLD.by_whom OR NEW.at <> OLD.at
  OR NEW.role IS NOT OLD.role OR NEW.via_group IS NOT OLD.via_group
BEGIN
    SELECT RAISE(ABORT, 'proposals are ended once, never changed');
END;

CREATE TRIGGER proposals_by_checkers BEFORE UPDATE OF ended_as ON proposals
WHEN NEW.ended_as = 'agreed' AND EXISTS (SELECT 1 FROM grants_in_force)
 AND NOT EXISTS (
     SELECT 1 FROM grants_in_force g
     WHERE g.role = 'checker'
       AND (g.subject = NEW.role
            AND (g.kind = 'group' AND g.who = NEW.via_group
                 OR g.kind = 'user' AND NEW.via_group IS NULL AND g.who = NEW.by_whom)
         OR g.subject = NEW.second_role
            AND (g.kind = 'group' AND g.who = NEW.second_via_group
                 OR g.kind = 'user' AND NEW.second_via_group IS NULL AND g.who = NEW.second)))
BEGIN
    SELECT RAISE(ABORT, 'one of the two who state an outcome is a checker');
END;
