-- Recordings whose callbacks got lost are found in the account's list at Twilio.
CREATE TABLE reconcile (
    account_sid TEXT PRIMARY KEY,
    since_at_ms INTEGER NOT NULL,       -- what was made before is not taken unasked
    until_at_ms INTEGER,                -- start of the last look that came to its end
    success_at_ms INTEGER,
    imported INTEGER NOT NULL DEFAULT 0,
    gone INTEGER NOT NULL DEFAULT 0,
    error TEXT,                         -- of the last look; NULL: it went well
    error_at_ms INTEGER,
    owner TEXT,                         -- who looks now, under a lease as jobs have it
    lease_boot_id TEXT,
    lease_until_boot_ms INTEGER
) WITHOUT ROWID;
CREATE INDEX call_fetching ON call (account_sid) WHERE fetch_state IN ('waiting', 'given_up');
