-- What providers sent unasked, so that the same message twice is looked into once: by the message's own
-- id, and by what happened to what. A hint changes no money; only when a refund is looked at next.
CREATE TABLE inbound_hints (
    account     TEXT NOT NULL,
    -- `message ID`, or `event RESOURCE KIND`.
    hint        TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (account, hint)
) STRICT, WITHOUT ROWID;
CREATE INDEX inbound_hints_age ON inbound_hints (received_at);
