-- The list of payments by currency, and in each by settlement.
CREATE INDEX payments_by_currency ON payments (currency, settled_key, id);
