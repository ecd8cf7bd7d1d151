-- Businesses, numbers, leads, deliveries.

-- name: business_by_id
SELECT id, name, timezone, language, glossary, services, channel_map, webhook_url, webhook_secret,
       retention_days, webhook_disabled_at_ms, created_at_ms, redact, delete_remote_after_days, recording_key,
       account_sid
FROM business WHERE id = ?1;

-- name: business_list
SELECT id, name, timezone, language, glossary, services, channel_map, webhook_url, webhook_secret,
       retention_days, webhook_disabled_at_ms, created_at_ms, redact, delete_remote_after_days, recording_key,
       account_sid
FROM business ORDER BY id;

-- name: business_by_number
-- ?2 account of the call, ?3 that of the settings
SELECT business.id FROM phone_number JOIN business ON business.id = phone_number.business_id
WHERE number = ?1 AND coalesce(business.account_sid, ?3) = ?2;

-- name: business_account
SELECT coalesce(account_sid, ?2) FROM business WHERE id = ?1;

-- name: number_owner
SELECT business_id FROM phone_number WHERE number = ?1;

-- name: business_numbers
SELECT number FROM phone_number WHERE business_id = ?1 ORDER BY number;

-- name: business_add
INSERT INTO business (name, timezone, language, glossary, services, channel_map, webhook_url,
    webhook_secret, retention_days, created_at_ms, redact, delete_remote_after_days, recording_key,
    account_sid)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14);

-- name: business_update
UPDATE business SET name = ?2, timezone = ?3, language = ?4, glossary = ?5, services = ?6,
    channel_map = ?7, webhook_url = ?8, webhook_secret = ?9, retention_days = ?10, redact = ?11,
    delete_remote_after_days = ?12, recording_key = ?13, account_sid = ?14,
    webhook_disabled_at_ms = NULL
WHERE id = ?1;

-- name: business_set_channel_map
UPDATE business SET channel_map = ?2 WHERE id = ?1;

-- name: business_disable_webhook
UPDATE business SET webhook_disabled_at_ms = ?2 WHERE id = ?1 AND webhook_disabled_at_ms IS NULL;

-- name: business_redact_of_call
SELECT business.redact FROM call JOIN business ON business.id = call.business_id WHERE call.id = ?1;

-- name: number_add
INSERT INTO phone_number (number, business_id, created_at_ms) VALUES (?1, ?2, ?3)
ON CONFLICT (number) DO NOTHING;

-- name: number_remove
DELETE FROM phone_number WHERE number = ?1 AND business_id = ?2;

-- name: number_release_jobs
-- Before number_release_calls: jobs of unassigned calls that carry this number, in the account of
-- the business; ?4 account of the settings.
UPDATE job SET business_id = ?2,
    state = CASE WHEN state = 'paused' AND error_code = 'unassigned' THEN 'ready' ELSE state END,
    updated_at_ms = ?3
WHERE state IN ('scheduled', 'ready', 'running', 'paused') AND call_id IN (
    SELECT id FROM call WHERE business_id IS NULL
      AND account_sid = (SELECT coalesce(account_sid, ?4) FROM business WHERE id = ?2)
      AND ((direction = 'inbound' AND to_number = ?1) OR (direction = 'outbound' AND from_number = ?1)));

-- name: number_release_late
-- A number that came while a job was just pausing for want of it.
UPDATE job SET state = 'ready', business_id = (SELECT business_id FROM call WHERE call.id = job.call_id)
WHERE state = 'paused' AND error_code = 'unassigned'
  AND EXISTS (SELECT 1 FROM call WHERE call.id = job.call_id AND call.business_id IS NOT NULL);

-- name: number_release_calls
UPDATE call SET business_id = ?2, updated_at_ms = ?3
WHERE business_id IS NULL
  AND account_sid = (SELECT coalesce(account_sid, ?4) FROM business WHERE id = ?2)
  AND ((direction = 'inbound' AND to_number = ?1) OR (direction = 'outbound' AND from_number = ?1));

-- name: lead_by_id
SELECT lead.id, lead.business_id, lead.phone, lead.name, lead.service_type, lead.city, lead.name_typed,
       lead.service_type_typed, lead.city_typed, lead.service_type_confidence, lead.city_confidence,
       lead.created_at_ms, lead.updated_at_ms, call.call_sid, call.final_transcript,
       call.extracted_service, call.extracted_city, call.extraction_confidence
FROM lead LEFT JOIN call ON call.id = lead.latest_call_id WHERE lead.id = ?1;

-- name: lead_list
-- ?1 business or 0, ?2 part of the number, ?3 city, ?4 service, ?5 before id, ?6 limit
SELECT lead.id, lead.business_id, lead.phone, lead.name, lead.service_type, lead.city, lead.name_typed,
       lead.service_type_typed, lead.city_typed, lead.service_type_confidence, lead.city_confidence,
       lead.created_at_ms, lead.updated_at_ms, call.call_sid, call.final_transcript,
       call.extracted_service, call.extracted_city, call.extraction_confidence
FROM lead LEFT JOIN call ON call.id = lead.latest_call_id
WHERE (?1 = 0 OR lead.business_id = ?1)
  AND (?2 IS NULL OR instr(lead.phone, ?2) > 0)
  AND (?3 IS NULL OR lead.city = ?3)
  AND (?4 IS NULL OR lead.service_type = ?4)
  AND (?5 = 0 OR lead.id < ?5)
ORDER BY lead.id DESC LIMIT ?6;

-- name: lead_of_caller
-- The lead with the call that is nearest to call ?3 in time, at most ?4 ms away (0: any).
SELECT lead.id FROM lead LEFT JOIN call ON call.lead_id = lead.id
    JOIN call AS this ON this.id = ?3
WHERE lead.business_id = ?1 AND lead.phone = ?2 AND lead.phone <> ''
  AND (?4 = 0 OR abs(coalesce(call.ended_at_ms, call.created_at_ms, lead.updated_at_ms)
                     - coalesce(this.ended_at_ms, this.created_at_ms)) <= ?4)
ORDER BY abs(coalesce(call.ended_at_ms, call.created_at_ms, lead.updated_at_ms)
             - coalesce(this.ended_at_ms, this.created_at_ms)), lead.id DESC LIMIT 1;

-- name: lead_of_call
SELECT lead_id FROM call WHERE id = ?1 AND lead_id IS NOT NULL;

-- name: lead_add
INSERT INTO lead (business_id, phone, created_at_ms, updated_at_ms) VALUES (?1, ?2, ?3, ?3);

-- name: lead_set_latest_call
-- The latest call is the one that ended last, whatever the order they are understood in.
UPDATE lead SET latest_call_id = ?2, updated_at_ms = ?3
WHERE id = ?1 AND (latest_call_id IS NULL OR latest_call_id = ?2 OR
    (SELECT coalesce(ended_at_ms, created_at_ms) FROM call WHERE id = ?2) >=
    (SELECT coalesce(ended_at_ms, created_at_ms) FROM call WHERE id = lead.latest_call_id));

-- name: call_set_lead
UPDATE call SET lead_id = ?2 WHERE id = ?1;

-- name: lead_values
-- ?2 business or 0
SELECT name, name_typed, name_confidence, service_type, service_type_typed, service_type_confidence,
       city, city_typed, city_confidence, latest_call_id
FROM lead WHERE id = ?1 AND (?2 = 0 OR business_id = ?2);

-- name: lead_set_name
UPDATE lead SET name = ?2, name_confidence = ?3, updated_at_ms = ?4 WHERE id = ?1;

-- name: lead_set_service_type
UPDATE lead SET service_type = ?2, service_type_confidence = ?3, updated_at_ms = ?4 WHERE id = ?1;

-- name: lead_set_city
UPDATE lead SET city = ?2, city_confidence = ?3, updated_at_ms = ?4 WHERE id = ?1;

-- name: lead_type_name
UPDATE lead SET name = ?2, name_typed = (?2 IS NOT NULL), name_confidence = 0, updated_at_ms = ?3
WHERE id = ?1;

-- name: lead_type_service_type
UPDATE lead SET service_type = CASE WHEN ?2 IS NULL THEN (SELECT extracted_service FROM call WHERE call.id = lead.latest_call_id) ELSE ?2 END,
    service_type_typed = (?2 IS NOT NULL), service_type_confidence = 0, updated_at_ms = ?3
WHERE id = ?1;

-- name: lead_type_city
UPDATE lead SET city = CASE WHEN ?2 IS NULL THEN (SELECT extracted_city FROM call WHERE call.id = lead.latest_call_id) ELSE ?2 END,
    city_typed = (?2 IS NOT NULL), city_confidence = 0, updated_at_ms = ?3
WHERE id = ?1;

-- name: lead_history_add
INSERT INTO lead_history (lead_id, field, old_value, new_value, call_id, key_id, key_name, confidence, at_ms)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9);

-- name: lead_history_list
SELECT lead_history.field, lead_history.old_value, lead_history.new_value, call.call_sid,
       lead_history.call_id IS NULL, lead_history.key_id, lead_history.key_name, lead_history.confidence,
       lead_history.at_ms
FROM lead_history LEFT JOIN call ON call.id = lead_history.call_id
WHERE lead_history.lead_id = ?1 ORDER BY lead_history.id DESC LIMIT ?2;

-- name: delivery_by_id
SELECT id, business_id, call_id, version, type, url, payload, state, attempts, created_at_ms,
       delivered_at_ms, last_status, last_error
FROM delivery WHERE id = ?1;

-- name: delivery_list
SELECT id, business_id, call_id, version, type, url, payload, state, attempts, created_at_ms,
       delivered_at_ms, last_status, last_error
FROM delivery WHERE call_id = ?1 ORDER BY version;

-- name: delivery_add
INSERT INTO delivery (id, business_id, call_id, version, type, created_at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- name: delivery_fix_payload
UPDATE delivery SET url = ?2, payload = coalesce(payload, ?3) WHERE id = ?1;

-- name: delivery_set_state
UPDATE delivery SET state = ?2, delivered_at_ms = CASE WHEN ?2 = 'delivered' THEN ?3 END WHERE id = ?1;

-- name: delivery_attempt_add
INSERT INTO delivery_attempt (delivery_id, attempt, status, error, took_ms, at_ms)
VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (delivery_id, attempt) DO UPDATE SET
    status = excluded.status, error = excluded.error, took_ms = excluded.took_ms, at_ms = excluded.at_ms;

-- name: delivery_count_attempt
UPDATE delivery SET attempts = max(attempts, ?2), last_status = ?3, last_error = ?4 WHERE id = ?1;
