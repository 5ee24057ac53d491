-- Seals: a checksum on each row of money and evidence that nothing else protects, so that a bit
-- that flipped on the disk is reported and not trusted. The program computes them when it writes;
-- `seal_of` is its function (src/ledger/seal.rs), there on its own connections only. No trigger
-- calls it: SQL typed by hand still works, and what it changed is reported as unsealed.
--
-- Columns that follow from other rows (executed, held, disputed, the sums of a payment) carry no seal: they
-- are recomputed. Attempts carry the SHA-256 of their bytes, the audit its chain.

ALTER TABLE captures      ADD COLUMN seal INTEGER;
ALTER TABLE refunds       ADD COLUMN seal INTEGER;
ALTER TABLE sends         ADD COLUMN seal INTEGER;
ALTER TABLE observations  ADD COLUMN seal INTEGER;
ALTER TABLE discrepancies ADD COLUMN seal INTEGER;

UPDATE captures SET seal = seal_of('captures', payment_id, capture_id,
    (SELECT currency FROM payments WHERE id = captures.payment_id),
    captured_at, settled_at, captured_minor, external_minor);

UPDATE refunds SET seal = seal_of('refunds', id, payment_id, capture_seq, account, kind, amount_minor,
    compensation_minor, currency, hash, policy_version, caller_key, supersedes, state, reported_minor,
    proven_minor, provider_refund_id, expires_at, needs_release, created_at);

UPDATE sends SET seal = seal_of('sends', refund_id, step, number, send, at, not_executed);

-- Observations are never changed; they are sealed once, before the rule stands again.
DROP TRIGGER observations_fixed;
UPDATE observations SET seal = seal_of('observations', refund_id, attempt, at, source, meaning,
    http_status, said, support_id, raw);
CREATE TRIGGER observations_fixed BEFORE UPDATE ON observations BEGIN
    SELECT RAISE(ABORT, 'observations are never changed');
END;

-- Only those that are open hold anything back; a resolved one is never touched again.
UPDATE discrepancies SET seal = seal_of('discrepancies', payment_id, refund_id, kind, detail, opened_at)
WHERE resolved_at IS NULL;
