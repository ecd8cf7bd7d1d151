-- Keys, sessions, audit, facts.

-- name: key_find
SELECT id, business_id, name FROM api_key WHERE hash = ?1 AND revoked_at_ms IS NULL;

-- name: key_list
SELECT id, business_id, name, hint, created_at_ms, revoked_at_ms FROM api_key ORDER BY id;

-- name: key_add
INSERT INTO api_key (business_id, name, hash, hint, created_at_ms) VALUES (?1, ?2, ?3, ?4, ?5);

-- name: key_revoke
UPDATE api_key SET revoked_at_ms = ?2 WHERE id = ?1 AND revoked_at_ms IS NULL;

-- name: key_sessions_remove
DELETE FROM session WHERE key_id = ?1;

-- name: session_find
SELECT key_id, business_id, name FROM session WHERE hash = ?1 AND kind = 'session' AND expires_at_ms > ?2;

-- name: login_find
SELECT key_id, business_id, name FROM session WHERE hash = ?1 AND kind = 'login' AND expires_at_ms > ?2;

-- name: session_add
INSERT INTO session (hash, kind, key_id, business_id, name, expires_at_ms, created_at_ms)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7);

-- name: session_remove
DELETE FROM session WHERE hash = ?1;

-- name: session_expire
DELETE FROM session WHERE expires_at_ms <= ?1;

-- name: audit_add
INSERT INTO audit (at_ms, key_id, name, action, subject) VALUES (?1, ?2, ?3, ?4, ?5);

-- name: fact_get
SELECT value FROM fact WHERE name = ?1;

-- name: fact_set
INSERT INTO fact (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: fact_add
INSERT INTO fact (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING;
