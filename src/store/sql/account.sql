-- Twilio accounts beside the one of the settings.

-- let: account_columns
-- Read by account.c in this order.
account_sid, name, auth_token, auth_token_second, api_key_sid, api_key_secret, created_at_ms,
updated_at_ms

-- name: account_by_sid
SELECT @account_columns@ FROM twilio_account WHERE account_sid = ?1;

-- name: account_list
SELECT @account_columns@ FROM twilio_account ORDER BY created_at_ms, account_sid;

-- name: account_count
SELECT count(*) FROM twilio_account;

-- name: account_add
INSERT INTO twilio_account (account_sid, name, auth_token, auth_token_second, api_key_sid,
    api_key_secret, created_at_ms, updated_at_ms)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7) ON CONFLICT (account_sid) DO NOTHING;

-- name: account_update
UPDATE twilio_account SET name = ?2, auth_token = ?3, auth_token_second = ?4, api_key_sid = ?5,
    api_key_secret = ?6, updated_at_ms = ?7
WHERE account_sid = ?1;

-- name: account_remove
DELETE FROM twilio_account WHERE account_sid = ?1
  AND NOT EXISTS (SELECT 1 FROM business WHERE business.account_sid = ?1);
