-- Refunds that are only authorised (Commerce Hub, captureFlag false): nothing is paid before a person
-- has them captured, which is a later step (domain.md: ACTION_REQUIRED, T25).

-- The provider has it authorised, for the amount that was asked; its own word, newest exchange.
ALTER TABLE refunds ADD COLUMN authorised INTEGER NOT NULL DEFAULT 0 CHECK (authorised IN (0, 1));

-- A capture pays: SQL typed by hand cannot begin one of a refund that does not wait for it.
CREATE TRIGGER later_steps_capture BEFORE INSERT ON later_steps
WHEN NEW.step = 'capture' AND NOT EXISTS (
    SELECT 1 FROM refunds WHERE id = NEW.refund_id AND state = 'action_required' AND authorised = 1)
BEGIN
    SELECT RAISE(ABORT, 'only what the provider has authorised is captured');
END;
