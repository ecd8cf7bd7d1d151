-- More than one Twilio account. The account of the settings needs no row.
CREATE TABLE twilio_account (
    account_sid TEXT PRIMARY KEY,
    name TEXT NOT NULL DEFAULT '',
    auth_token TEXT,                    -- env:NAME, file:/path or sealed:...; see base/secret.h
    auth_token_second TEXT,             -- the other one while tokens change
    api_key_sid TEXT,                   -- SK..., for requests in place of the token
    api_key_secret TEXT,                -- as auth_token
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL
) WITHOUT ROWID;
ALTER TABLE business ADD COLUMN account_sid TEXT; -- NULL: the account of the settings
