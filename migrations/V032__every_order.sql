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
