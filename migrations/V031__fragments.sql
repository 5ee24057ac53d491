-- Finding a payment by any three letters of what it is called: every run of three letters is in an
-- index (FTS5, trigrams). It says which payments have all the runs of a word; whether they stand
-- together is looked at in the payment itself, so neither place nor text is kept here.
--
-- Its lists are of numbers that rise by one: an id is as good as drawn by lot and takes three times
-- the room.
CREATE TABLE payment_numbers (
    number      INTEGER PRIMARY KEY,
    payment_id  INTEGER NOT NULL UNIQUE REFERENCES payments (id)
) STRICT;
CREATE VIRTUAL TABLE payment_fragments USING fts5(
    reference, order_ref, provider_payment_id,
    content = '', tokenize = 'trigram', detail = none, columnsize = 0
);
-- Names of payers have an index of their own: they are erased, and their runs with them, at once and
-- not only when the index is next merged (`secure-delete`).
CREATE VIRTUAL TABLE payer_fragments USING fts5(
    name, folded,
    content = '', tokenize = 'trigram', detail = none, columnsize = 0
);
INSERT INTO payer_fragments (payer_fragments, rank) VALUES ('secure-delete', 1);

-- FTS5 writes its lists out before every statement of a transaction. So an import takes its new
-- payments in at its end, all at once (`ledger/fragments.rs`); up to this number they are in.
CREATE TABLE fragments_upto (number INTEGER NOT NULL) STRICT;

INSERT INTO payment_numbers (payment_id) SELECT id FROM payments ORDER BY settled_key, id;
INSERT INTO payment_fragments (rowid, reference, order_ref, provider_payment_id)
SELECT n.number, p.reference, p.order_ref, p.provider_payment_id
FROM payment_numbers n CROSS JOIN payments p ON p.id = n.payment_id ORDER BY n.number;
INSERT INTO payer_fragments (rowid, name, folded)
SELECT n.number, y.name, y.folded
FROM payment_numbers n CROSS JOIN payers y ON y.payment_id = n.payment_id
WHERE y.name IS NOT NULL ORDER BY n.number;
INSERT INTO fragments_upto (number) SELECT coalesce(max(number), 0) FROM payment_numbers;

CREATE TRIGGER payments_numbered AFTER INSERT ON payments BEGIN
    INSERT INTO payment_numbers (payment_id) VALUES (NEW.id);
END;
CREATE VIEW payments_taken_in AS
SELECT n.number, n.payment_id FROM payment_numbers n
WHERE n.number <= (SELECT number FROM fragments_upto);

-- What changes in a payment that is in changes there, too.
CREATE TRIGGER payments_fragments_anew AFTER UPDATE OF reference, order_ref, provider_payment_id ON payments
WHEN (NEW.reference IS NOT OLD.reference OR NEW.order_ref IS NOT OLD.order_ref
   OR NEW.provider_payment_id <> OLD.provider_payment_id)
 AND EXISTS (SELECT 1 FROM payments_taken_in WHERE payment_id = OLD.id)
BEGIN
    INSERT INTO payment_fragments (payment_fragments, rowid, reference, order_ref, provider_payment_id)
    SELECT 'delete', number, OLD.reference, OLD.order_ref, OLD.provider_payment_id
    FROM payment_numbers WHERE payment_id = OLD.id;
    INSERT INTO payment_fragments (rowid, reference, order_ref, provider_payment_id)
    SELECT number, NEW.reference, NEW.order_ref, NEW.provider_payment_id
    FROM payment_numbers WHERE payment_id = NEW.id;
END;
CREATE TRIGGER payers_fragments AFTER INSERT ON payers
WHEN NEW.name IS NOT NULL AND EXISTS (SELECT 1 FROM payments_taken_in WHERE payment_id = NEW.payment_id)
BEGIN
    INSERT INTO payer_fragments (rowid, name, folded)
    SELECT number, NEW.name, NEW.folded FROM payment_numbers WHERE payment_id = NEW.payment_id;
END;
CREATE TRIGGER payers_fragments_anew AFTER UPDATE OF name, folded ON payers
WHEN (NEW.name IS NOT OLD.name OR NEW.folded IS NOT OLD.folded)
 AND EXISTS (SELECT 1 FROM payments_taken_in WHERE payment_id = OLD.payment_id)
BEGIN
    INSERT INTO payer_fragments (payer_fragments, rowid, name, folded)
    SELECT 'delete', number, OLD.name, OLD.folded
    FROM payment_numbers WHERE payment_id = OLD.payment_id AND OLD.name IS NOT NULL;
    INSERT INTO payer_fragments (rowid, name, folded)
    SELECT number, NEW.name, NEW.folded
    FROM payment_numbers WHERE payment_id = NEW.payment_id AND NEW.name IS NOT NULL;
END;
