-- Compensation that was paid elsewhere: a provider's list of refunds tells it beside the principal. It
-- takes nothing from what is available; it counts toward the provider's cap (invariant 3).

ALTER TABLE external_refunds ADD COLUMN compensation_minor INTEGER NOT NULL DEFAULT 0
    CHECK (compensation_minor >= 0 AND compensation_minor <= 100000000000000);

-- Few refunds have any: what a payment has is found without a look at the others.
CREATE INDEX refunds_compensated  ON refunds (payment_id)          WHERE compensation_minor > 0;
CREATE INDEX external_compensated ON external_refunds (payment_id) WHERE compensation_minor > 0;

-- What each weighs; the same rule as domain::compensation. Linked, the two are the same money and
-- count once, as the larger of the two; where ours came back, so did it.
CREATE VIEW compensation_weights AS
SELECT payment_id,
       CASE WHEN state IN ('reserved', 'awaiting_approval', 'approved', 'submitting', 'pending',
                           'action_required', 'unknown') THEN compensation_minor ELSE 0 END AS held_minor,
       CASE WHEN state IN ('succeeded', 'settled') THEN compensation_minor ELSE 0 END AS executed_minor
FROM refunds WHERE compensation_minor > 0
UNION ALL
SELECT payment_id,
       CASE state WHEN 'pending' THEN rest ELSE 0 END,
       CASE state WHEN 'done'    THEN rest ELSE 0 END
FROM (SELECT e.payment_id, e.state,
             CASE WHEN r.id IS NULL THEN e.compensation_minor
                  WHEN r.state = 'reversed' THEN 0
                  WHEN r.state IN ('draft', 'failed', 'rejected', 'canceled', 'expired') THEN e.compensation_minor
                  ELSE max(0, e.compensation_minor - r.compensation_minor) END AS rest
      FROM external_refunds e LEFT JOIN refunds r ON r.id = e.linked_refund
      WHERE e.compensation_minor > 0);

-- It never becomes less, and becomes more only with a newer sighting of the refund.
CREATE TRIGGER external_compensation_fixed BEFORE UPDATE OF compensation_minor ON external_refunds
WHEN NEW.compensation_minor < OLD.compensation_minor
  OR NEW.compensation_minor > OLD.compensation_minor AND NEW.last_seen <= OLD.last_seen
BEGIN
    SELECT RAISE(ABORT, 'what was found elsewhere never becomes less, and more only when it is seen again');
END;

-- Lists that were read before told nothing of it here: they are read whole once more.
UPDATE payments SET verified_at = NULL
WHERE verified_at IS NOT NULL AND id IN (SELECT payment_id FROM external_refunds WHERE source = 'sync');
