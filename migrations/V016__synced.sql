-- What was read from a provider's own lists, and when.

-- When the account's lists were last read to their end.
ALTER TABLE accounts ADD COLUMN synced_at INTEGER;
-- Until when every refund of the payment is known from its provider's list; NULL: never read whole.
ALTER TABLE payments ADD COLUMN verified_at INTEGER;
