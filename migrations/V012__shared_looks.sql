-- Processes that use one file ask one provider: they share what an account may ask in a minute, and
-- what they know of a provider that does not answer.
--
-- Every look takes its share in the transaction that takes its lease, so no write is added.

-- Until when the looks made so far have used up the account's share, in microseconds.
ALTER TABLE account_pulse ADD COLUMN looks_until INTEGER;
-- The provider is left alone but for one probe, from then on; NULL: it is asked.
ALTER TABLE account_pulse ADD COLUMN probe_at    INTEGER;
-- How many probes in a row failed.
ALTER TABLE account_pulse ADD COLUMN probe_tries INTEGER NOT NULL DEFAULT 0;
