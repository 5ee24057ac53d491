-- Who paid and how to reach them, in a table of their own (domain.md, rule 7): the only place that
-- holds them in full, each value with its salt. Whatever outlives a value holds the hash of both.

CREATE TABLE payers (
    payment_id         INTEGER PRIMARY KEY REFERENCES payments (id) DEFERRABLE INITIALLY DEFERRED,
    name               TEXT COLLATE NOCASE CHECK (name <> ''),
    name_salt          BLOB CHECK (length(name_salt) = 16),
    -- The name without case and accents, where it has letters beyond ASCII: the index of `name`
    -- cannot compare those.
    folded             TEXT CHECK (folded <> ''),
    email              TEXT COLLATE NOCASE CHECK (email <> ''),
    email_salt         BLOB CHECK (length(email_salt) = 16),
    name_erased_at     INTEGER,
    contacts_erased_at INTEGER,
    CHECK ((name IS NULL) = (name_salt IS NULL)),
    CHECK ((email IS NULL) = (email_salt IS NULL)),
    CHECK (folded IS NULL OR name IS NOT NULL),
    CHECK (name IS NULL OR name_erased_at IS NULL),
    CHECK (email IS NULL OR contacts_erased_at IS NULL)
) STRICT;

INSERT INTO payers (payment_id, name, name_salt, folded, email, email_salt, name_erased_at, contacts_erased_at)
SELECT q.id, q.name, iif(q.name IS NULL, NULL, randomblob(16)),
       iif(q.name GLOB '*[^ -~]*', nullif(folded(q.name), ''), NULL),
       q.email, iif(q.email IS NULL, NULL, randomblob(16)), q.name_erased_at, q.contacts_erased_at
FROM (SELECT p.id, nullif(p.payer, '') AS name, p.name_erased_at, p.contacts_erased_at,
             (SELECT nullif(d.value ->> 1, '') FROM json_each(p.details) d WHERE d.value ->> 0 = 'email') AS email
      FROM payments p) q
WHERE q.name IS NOT NULL OR q.email IS NOT NULL OR q.name_erased_at IS NOT NULL OR q.contacts_erased_at IS NOT NULL;

CREATE INDEX payers_by_name   ON payers (name) WHERE name IS NOT NULL;
CREATE INDEX payers_by_email  ON payers (email) WHERE email IS NOT NULL;
CREATE INDEX payers_by_folded ON payers (folded) WHERE folded IS NOT NULL;

-- What is erased stays so, whatever a later file says, and whoever writes the row.
CREATE TRIGGER payers_erased BEFORE UPDATE ON payers
WHEN NEW.payment_id <> OLD.payment_id
  OR OLD.name_erased_at IS NOT NULL AND NEW.name_erased_at IS NOT OLD.name_erased_at
  OR OLD.contacts_erased_at IS NOT NULL AND NEW.contacts_erased_at IS NOT OLD.contacts_erased_at
BEGIN
    SELECT RAISE(ABORT, 'what was erased of this payer stays erased');
END;
CREATE TRIGGER payers_kept BEFORE DELETE ON payers BEGIN
    SELECT RAISE(ABORT, 'a payer is erased, never deleted');
END;
CREATE TRIGGER payers_replaced BEFORE INSERT ON payers
WHEN EXISTS (SELECT 1 FROM payers WHERE payment_id = NEW.payment_id)
BEGIN
    SELECT RAISE(ABORT, 'a payer is never replaced');
END;

-- The same rule as before, by where names are now.
DROP TRIGGER refunds_above;
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
          FROM payers own JOIN payers y ON y.name = own.name CROSS JOIN refunds r ON r.payment_id = y.payment_id
          WHERE own.payment_id = NEW.payment_id AND r.created_at >= NEW.created_at - 604800000
            AND r.currency = NEW.currency))
     > coalesce((SELECT figure FROM approval_above_in_force WHERE currency = NEW.currency),
                (SELECT figure * coalesce((SELECT units FROM minor_per_main WHERE currency = NEW.currency), 100)
                 FROM approval_above_in_force WHERE currency = '*'))
BEGIN
    SELECT RAISE(ABORT, 'the rules changed: this refund is above what goes without a checker');
END;

DELETE FROM payment_names WHERE kind = 'email';
DELETE FROM payment_names WHERE kind = 'folded'
    AND EXISTS (SELECT 1 FROM payers y WHERE y.payment_id = payment_names.payment_id AND y.folded = payment_names.name)
    AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.id = payment_names.payment_id
                    AND (folded(coalesce(p.reference, '')) = payment_names.name
                         OR folded(coalesce(p.order_ref, '')) = payment_names.name));

UPDATE payments SET details = (
    SELECT iif(count(*) = 0, NULL, json_group_array(json_array(d.value ->> 0, d.value ->> 1)))
    FROM json_each(payments.details) d WHERE d.value ->> 0 <> 'email')
WHERE details LIKE '%"email"%';

DROP TRIGGER payments_name_erased;
DROP TRIGGER payments_contacts_erased;
DROP INDEX payments_by_payer;
ALTER TABLE payments DROP COLUMN payer;
ALTER TABLE payments DROP COLUMN name_erased_at;
ALTER TABLE payments DROP COLUMN contacts_erased_at;
