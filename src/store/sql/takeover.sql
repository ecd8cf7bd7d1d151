-- Old calls and leads, taken over from files.

-- name: call_set_quiet
UPDATE call SET quiet = 1 WHERE id = ?1;

-- name: call_is_quiet
SELECT quiet FROM call WHERE id = ?1;

-- name: lead_takeover
-- ?1 NULL: the next free id
INSERT INTO lead (id, business_id, phone, name, service_type, city, name_typed, service_type_typed,
    city_typed, service_type_confidence, city_confidence, name_confidence, created_at_ms, updated_at_ms)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, ?10, ?11, ?12);

-- name: lead_of_phone
-- The caller's latest lead.
SELECT id FROM lead WHERE business_id = ?1 AND phone = ?2 AND phone <> '' ORDER BY updated_at_ms DESC, id DESC LIMIT 1;

-- name: lead_is_of
SELECT business_id = ?2 AND phone = ?3 FROM lead WHERE id = ?1;
