-- Finding payments by what a caller knows, and sorting by any column.
--
-- What else a payment is called: e-mail, invoice and the like from its details, each found whole;
-- and, where a name has letters beyond ASCII, that name without case and accents (`folded`), which
-- the indexes of `payments` cannot compare. Nothing in here is anything but a way to a payment. The
-- program writes it with the payment: a trigger would make an import of new payments half as slow again.
CREATE TABLE payment_names (
    kind       TEXT    NOT NULL CHECK (kind IN ('email', 'customer_id', 'invoice', 'auth_code', 'arn', 'end_to_end', 'folded')),
    name       TEXT    NOT NULL COLLATE NOCASE CHECK (name <> ''),
    payment_id INTEGER NOT NULL REFERENCES payments (id) DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (kind, name, payment_id)
) STRICT, WITHOUT ROWID;

INSERT OR IGNORE INTO payment_names (kind, name, payment_id)
SELECT d.value ->> 0, d.value ->> 1, p.id FROM payments p, json_each(p.details) d
WHERE p.details IS NOT NULL AND d.value ->> 1 <> ''
  AND d.value ->> 0 IN ('email', 'customer_id', 'invoice', 'auth_code', 'arn', 'end_to_end');

INSERT OR IGNORE INTO payment_names (kind, name, payment_id)
SELECT 'folded', folded(t.name), t.id FROM (
    SELECT reference AS name, id FROM payments WHERE reference GLOB '*[^ -~]*'
    UNION ALL SELECT order_ref, id FROM payments WHERE order_ref GLOB '*[^ -~]*'
    UNION ALL SELECT payer, id FROM payments WHERE payer GLOB '*[^ -~]*') t;

-- Most payments were never refunded and hold nothing: only the others have an order by it.
CREATE INDEX payments_by_refunded ON payments (executed_minor, id) WHERE executed_minor <> 0;
CREATE INDEX payments_by_held     ON payments (held_minor, id) WHERE held_minor <> 0;
CREATE INDEX payments_by_account  ON payments (account, settled_key, id);
