-- Personal data that the desk must know in full for a while: bank accounts that money goes back to.
-- Nothing else holds it. Everything that must stay verifiable, the audit above all, holds
-- SHA-256(salt, value), so that erasing a value keeps the record whole (domain.md, rule 7).
CREATE TABLE personal (
    id         INTEGER PRIMARY KEY,
    -- What it is: `account`.
    kind       TEXT    NOT NULL CHECK (kind IN ('account')),
    salt       BLOB    NOT NULL CHECK (length(salt) = 16),
    sha256     TEXT    NOT NULL CHECK (length(sha256) = 64),
    -- All that may be shown unasked.
    last4      TEXT    NOT NULL CHECK (length(last4) <= 4),
    -- Null once erased.
    value      TEXT,
    kept_at    INTEGER NOT NULL,
    erased_at  INTEGER,
    CHECK ((value IS NULL) = (erased_at IS NOT NULL))
) STRICT;

CREATE TRIGGER personal_fixed BEFORE UPDATE ON personal
WHEN NEW.id <> OLD.id OR NEW.kind <> OLD.kind OR NEW.salt <> OLD.salt OR NEW.sha256 <> OLD.sha256
  OR NEW.last4 <> OLD.last4 OR NEW.kept_at <> OLD.kept_at OR OLD.erased_at IS NOT NULL
  OR NEW.value IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'personal data is erased, never changed');
END;
CREATE TRIGGER personal_replaced BEFORE INSERT ON personal
WHEN EXISTS (SELECT 1 FROM personal WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'personal data is never replaced');
END;
CREATE TRIGGER personal_kept BEFORE DELETE ON personal BEGIN
    SELECT RAISE(ABORT, 'personal data is erased, never deleted: its hash is evidence');
END;
