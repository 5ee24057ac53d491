-- Refunds that were being composed and were left: what was typed, per person and payment, so that a
-- call in between or a dropped line costs nothing.
--
-- A draft is no refund: it holds nothing, no rule counts it, and nobody but whoever typed it sees it. So
-- it is no part of the audit or of any seal, and it may be written over and deleted. It goes with the
-- refund that is composed of it, and with the personal data of its payer.
CREATE TABLE drafts (
    operator   TEXT    NOT NULL CHECK (operator <> ''),
    payment_id INTEGER NOT NULL REFERENCES payments (id),
    typed      TEXT    NOT NULL CHECK (json_valid(typed) AND length(typed) <= 4000),
    at         INTEGER NOT NULL,
    PRIMARY KEY (operator, payment_id)
) STRICT, WITHOUT ROWID;

-- Payments that look like one paid twice: the same last four, amount and currency within a day. They are
-- looked for with every page of the list, so the index that finds a last four finds the others beside it.
DROP INDEX payments_by_last4;
CREATE INDEX payments_by_last4 ON payments (last4, captured_minor, captured_at) WHERE last4 IS NOT NULL;
