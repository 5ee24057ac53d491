-- Sorting by the columns that had no order of their own: how a payment stands, and until when it can
-- be refunded.
--
-- How it stands, the most pressing first (`domain/payment.rs`, `Standing`); a discrepancy, which is
-- in another table, comes before all of it. Most payments were never refunded: those need no order.
ALTER TABLE payments ADD COLUMN standing INTEGER GENERATED ALWAYS AS (CASE
    WHEN captured_minor - executed_minor - held_minor - disputed_minor < 0 THEN 0
    WHEN disputed_minor > 0 THEN 1
    WHEN held_minor > 0 THEN 2
    WHEN executed_minor = captured_minor THEN 4
    WHEN executed_minor > 0 THEN 3
    ELSE 5 END) VIRTUAL;
CREATE INDEX payments_by_standing ON payments (standing, settled_key, id) WHERE standing < 5;

-- Until when differs with each account's window; in each it is the order of capture.
CREATE INDEX payments_by_capture ON payments (account, captured_at, id);

-- The place of a payment in the list of all, beside its number: of thousands to which letters lead,
-- only those of a page are looked up.
ALTER TABLE payment_numbers ADD COLUMN settled_key INTEGER NOT NULL DEFAULT 0;
UPDATE payment_numbers SET settled_key = (SELECT p.settled_key FROM payments p WHERE p.id = payment_id);
DROP TRIGGER payments_numbered;
CREATE TRIGGER payments_numbered AFTER INSERT ON payments BEGIN
    INSERT INTO payment_numbers (payment_id, settled_key) VALUES (NEW.id, NEW.settled_key);
END;
CREATE TRIGGER payments_placed_anew AFTER UPDATE OF settled_at, captured_at ON payments
WHEN NEW.settled_key <> OLD.settled_key BEGIN
    UPDATE payment_numbers SET settled_key = NEW.settled_key WHERE payment_id = NEW.id;
END;
