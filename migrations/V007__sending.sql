-- Whether refunds may be sent, and how each account's provider stands.
--
-- Stops are a list of deeds that is only ever added to: who stopped, who proposed to resume, who
-- agreed. The last deed of an account says how it stands, so nothing can be made unsaid, and the
-- rule that resuming takes two people holds against SQL typed by hand. '*' stands for all accounts.

CREATE TABLE sending_deeds (
    seq     INTEGER PRIMARY KEY,
    account TEXT    NOT NULL CHECK (account <> ''),
    deed    TEXT    NOT NULL CHECK (deed IN ('stop', 'propose', 'resume')),
    person  TEXT    NOT NULL CHECK (person <> ''),
    at      INTEGER NOT NULL,
    note    TEXT CHECK (note <> '')
) STRICT;

CREATE INDEX sending_deeds_by_account ON sending_deeds (account, seq);

CREATE TRIGGER sending_deeds_in_order BEFORE INSERT ON sending_deeds BEGIN
    SELECT RAISE(ABORT, 'what was decided about sending is never replaced')
    WHERE NEW.seq <> 1 + coalesce((SELECT max(seq) FROM sending_deeds), 0);
    SELECT RAISE(ABORT, 'only stopped sending is proposed to be resumed')
    WHERE NEW.deed = 'propose'
      AND 'stop' IS NOT (SELECT deed FROM sending_deeds WHERE account = NEW.account ORDER BY seq DESC LIMIT 1);
    SELECT RAISE(ABORT, 'resuming takes two people')
    WHERE NEW.deed = 'resume'
      AND NOT EXISTS (SELECT 1 FROM sending_deeds
                      WHERE seq = (SELECT max(seq) FROM sending_deeds WHERE account = NEW.account)
                        AND deed = 'propose' AND person <> NEW.person);
END;
CREATE TRIGGER sending_deeds_fixed BEFORE UPDATE ON sending_deeds BEGIN
    SELECT RAISE(ABORT, 'what was decided about sending is never changed');
END;
CREATE TRIGGER sending_deeds_kept BEFORE DELETE ON sending_deeds BEGIN
    SELECT RAISE(ABORT, 'what was decided about sending is never deleted');
END;

-- The accounts whose sending is stopped now, since which deed.
CREATE VIEW stopped_sending AS
SELECT account, max(seq) AS last,
       (SELECT max(seq) FROM sending_deeds s WHERE s.account = d.account AND s.deed = 'stop') AS stop
FROM sending_deeds d GROUP BY account
HAVING (SELECT deed FROM sending_deeds l WHERE l.account = d.account ORDER BY seq DESC LIMIT 1) <> 'resume';

-- No way of sending can forget it.
CREATE TRIGGER refunds_stopped BEFORE UPDATE OF state ON refunds
WHEN NEW.state = 'submitting' AND OLD.state <> 'submitting'
 AND EXISTS (SELECT 1 FROM stopped_sending WHERE account IN (NEW.account, '*'))
BEGIN
    SELECT RAISE(ABORT, 'sending is stopped');
END;

-- How an account's provider stands, shared by every process that uses the file. Nothing here
-- decides about money: it tells people, and keeps processes together from asking too often.
CREATE TABLE account_pulse (
    account       TEXT PRIMARY KEY CHECK (account <> ''),
    answered_at   INTEGER,
    latency_ms    INTEGER,
    failing_since INTEGER,
    said          TEXT,
    skew_ms       INTEGER,
    skew_at       INTEGER,
    -- The provider asked for no looks until then.
    quiet_until   INTEGER
) STRICT, WITHOUT ROWID;
