-- Full text. What stands in call_search comes from search.c only.

-- name: search_clear
DELETE FROM call_search WHERE rowid = ?1;

-- name: search_add
INSERT INTO call_search (rowid, transcript, summary) VALUES (?1, ?2, ?3);

-- name: search_text
-- The offline transcript counts when it has words, else the realtime one.
SELECT coalesce(nullif(final_transcript, ''), full_conversation), summary FROM call WHERE id = ?1;

-- name: search_text_all
SELECT id, coalesce(nullif(final_transcript, ''), full_conversation), summary FROM call
WHERE coalesce(nullif(final_transcript, ''), full_conversation, summary) IS NOT NULL;

-- name: search_calls
-- ?1 FTS5 expression, ?2 business or 0, ?3 only unassigned, ?4 part of a number, ?5 city, ?6 service,
-- ?7 from, ?8 to, ?9 before id, ?10 direction, ?11 limit
SELECT call.id FROM call_search JOIN call ON call.id = call_search.rowid
WHERE call_search MATCH ?1
  AND (?2 = 0 OR call.business_id = ?2)
  AND (?3 = 0 OR call.business_id IS NULL)
  AND (?4 IS NULL OR instr(call.from_number, ?4) > 0 OR instr(call.to_number, ?4) > 0)
  AND (?5 IS NULL OR call.extracted_city = ?5)
  AND (?6 IS NULL OR call.extracted_service = ?6)
  AND (?7 = 0 OR coalesce(call.started_at_ms, call.created_at_ms) >= ?7)
  AND (?8 = 0 OR coalesce(call.started_at_ms, call.created_at_ms) < ?8)
  AND call_search.rowid < ?9
  AND (?10 IS NULL OR call.direction = ?10)
ORDER BY call_search.rowid DESC LIMIT ?11;

-- name: search_segments
SELECT role, start_ms, end_ms, text FROM segment
WHERE call_id = ?1 AND dropped_reason IS NULL ORDER BY start_ms, channel, position;
