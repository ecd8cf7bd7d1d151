-- Calls, their recordings and realtime lines.

-- let: call_columns
-- Read by call.c in this order.
id, call_sid, account_sid, business_id, lead_id, direction, from_number, to_number, status,
recording_url, recording_sid, recording_source, duration, channels, started_at_ms, ended_at_ms,
created_at_ms, updated_at_ms, fetch_state, fetch_reason, fetch_next_at_ms, audio_file,
audio_recording_sid, audio_bytes, audio_sha256, offline_state, final_transcript,
full_conversation, language, model, transcript_source, summary, extracted_service,
extracted_city, extraction_confidence, insight, version, transcript_channels, channels_reason,
realtime_error,
(SELECT remote_deleted_at_ms FROM recording WHERE recording.recording_sid = call.recording_sid)

-- name: call_by_sid
SELECT @call_columns@ FROM call WHERE call_sid = ?1;

-- name: call_brief
-- The first of call_columns, and nothing that stands behind the transcripts in a row.
SELECT id, call_sid, account_sid, business_id, lead_id, direction, from_number, to_number, status,
    recording_url, recording_sid, recording_source, duration, channels, started_at_ms, ended_at_ms,
    created_at_ms, updated_at_ms, fetch_state, fetch_reason, fetch_next_at_ms, audio_file,
    audio_recording_sid, audio_bytes, audio_sha256, offline_state
FROM call WHERE call_sid = ?1;

-- name: call_by_id
SELECT @call_columns@ FROM call WHERE id = ?1;

-- name: call_list
-- ?1 business or 0, ?2 only unassigned, ?3 part of a number, ?4 city, ?5 service, ?6 from, ?7 to, ?8 before id, ?9 limit
SELECT @call_columns@ FROM call
WHERE (?1 = 0 OR business_id = ?1)
  AND (?2 = 0 OR business_id IS NULL)
  AND (?3 IS NULL OR instr(from_number, ?3) > 0 OR instr(to_number, ?3) > 0)
  AND (?4 IS NULL OR extracted_city = ?4)
  AND (?5 IS NULL OR extracted_service = ?5)
  AND (?6 = 0 OR coalesce(started_at_ms, created_at_ms) >= ?6)
  AND (?7 = 0 OR coalesce(started_at_ms, created_at_ms) < ?7)
  AND (?8 = 0 OR id < ?8)
ORDER BY id DESC LIMIT ?9;

-- name: call_insert
INSERT INTO call (call_sid, account_sid, created_at_ms, updated_at_ms) VALUES (?1, ?2, ?3, ?3)
ON CONFLICT (call_sid) DO NOTHING;

-- name: call_account
SELECT id, account_sid FROM call WHERE call_sid = ?1;

-- name: call_business_by_id
SELECT business_id FROM call WHERE id = ?1;

-- name: call_account_by_id
SELECT account_sid FROM call WHERE id = ?1;

-- name: call_set_business
UPDATE call SET business_id = ?2, updated_at_ms = ?3 WHERE id = ?1 AND business_id IS NULL;

-- name: call_set_parties
UPDATE call SET direction = coalesce(direction, ?2), from_number = coalesce(from_number, ?3),
    to_number = coalesce(to_number, ?4), business_id = coalesce(business_id, ?5), updated_at_ms = ?6
WHERE id = ?1;

-- name: call_jobs_set_business
-- Those that waited for it go on.
UPDATE job SET business_id = (SELECT business_id FROM call WHERE call.id = ?1),
    state = CASE WHEN state = 'paused' AND error_code = 'unassigned' THEN 'ready' ELSE state END
WHERE call_id = ?1 AND business_id = 0
  AND (SELECT business_id FROM call WHERE call.id = ?1) IS NOT NULL;

-- name: call_set_status
UPDATE call SET status = ?2, status_sequence = ?3, updated_at_ms = ?4
WHERE id = ?1 AND status_sequence <= ?3
  AND coalesce(status, '') NOT IN ('completed', 'busy', 'failed', 'no-answer', 'canceled');

-- name: call_set_times
UPDATE call SET started_at_ms = coalesce(started_at_ms, ?2), ended_at_ms = coalesce(ended_at_ms, ?3)
WHERE id = ?1;

-- let: keeps_status
-- Callbacks (?12 = 1) come in any order, so the most telling one stays: completed (the recording's own resource
-- is asked anyway), failed, absent, in-progress. What REST said is newer than what is stored.
(CASE WHEN ?12 = 1 THEN
    instr('in-progress absent      failed      completed   deleted', coalesce(recording.status, '')) >
    instr('in-progress absent      failed      completed   deleted', coalesce(excluded.status, ''))
 ELSE recording.status IN ('completed', 'absent', 'deleted', 'failed') AND excluded.status = 'in-progress' END)

-- name: recording_put
INSERT INTO recording (recording_sid, call_id, account_sid, status, source, url, duration, channels,
    error_code, started_at_ms, created_at_ms, updated_at_ms)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11)
ON CONFLICT (recording_sid) DO UPDATE SET
    status = CASE WHEN @keeps_status@ THEN recording.status ELSE coalesce(excluded.status, recording.status) END,
    source = coalesce(excluded.source, recording.source),
    url = coalesce(excluded.url, recording.url),
    duration = CASE WHEN excluded.duration > 0 THEN excluded.duration ELSE recording.duration END,
    channels = CASE WHEN excluded.channels > 0 THEN excluded.channels ELSE recording.channels END,
    error_code = CASE WHEN @keeps_status@ THEN recording.error_code
                      WHEN excluded.error_code > 0 OR ?12 = 1 THEN excluded.error_code ELSE recording.error_code END,
    started_at_ms = coalesce(recording.started_at_ms, excluded.started_at_ms),
    updated_at_ms = excluded.updated_at_ms
WHERE recording.call_id = excluded.call_id;

-- name: recording_best
-- The two-channel one, else the longest, else the first; one that is absent or deleted only when nothing else is there.
SELECT recording_sid, url, source, duration, channels FROM recording WHERE call_id = ?1
ORDER BY coalesce(status, '') IN ('absent', 'deleted', 'failed'), channels >= 2 DESC, duration DESC,
    created_at_ms, recording_sid LIMIT 1;

-- name: recording_by_sid
SELECT recording_sid, call_id, account_sid, status, error_code, remote_deleted_at_ms FROM recording
WHERE recording_sid = ?1;

-- name: recording_set_remote_deleted
UPDATE recording SET remote_deleted_at_ms = ?2, updated_at_ms = ?2 WHERE recording_sid = ?1;

-- name: call_recording_sid
SELECT recording_sid FROM call WHERE id = ?1;

-- name: call_set_recording
UPDATE call SET recording_sid = ?2, recording_url = coalesce(?3, recording_url),
    recording_source = coalesce(?4, recording_source),
    duration = ?5, channels = ?6, updated_at_ms = ?7
WHERE id = ?1;

-- name: recording_set_duration
UPDATE recording SET duration = CASE WHEN ?3 > 0 THEN ?3 ELSE duration END,
    channels = CASE WHEN ?4 > 0 THEN ?4 ELSE channels END, source = coalesce(?5, source), updated_at_ms = ?6
WHERE recording_sid = ?2 AND call_id = ?1;

-- name: call_set_duration
UPDATE call SET duration = CASE WHEN ?3 > 0 THEN ?3 ELSE duration END,
    channels = CASE WHEN ?4 > 0 THEN ?4 ELSE channels END,
    recording_source = coalesce(?5, recording_source), updated_at_ms = ?6
WHERE id = ?1 AND recording_sid = ?2;

-- name: call_set_fetch_state
UPDATE call SET fetch_state = ?2, fetch_reason = ?3, fetch_next_at_ms = ?4, updated_at_ms = ?5 WHERE id = ?1;

-- name: call_set_audio
UPDATE call SET audio_recording_sid = ?2, audio_file = ?3, audio_bytes = ?4, audio_sha256 = ?5,
    fetch_state = 'local', fetch_reason = NULL, fetch_next_at_ms = NULL, updated_at_ms = ?6
WHERE id = ?1;

-- name: call_set_offline_state
UPDATE call SET offline_state = ?2, updated_at_ms = ?3 WHERE id = ?1;

-- name: realtime_line_add
INSERT INTO realtime_line (transcription_sid, sequence, call_id, outbound, role, text, at_ms)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING;

-- name: realtime_line_other_call
SELECT count(*) FROM (SELECT 1 FROM realtime_line WHERE transcription_sid = ?1 AND call_id <> ?2 LIMIT 1);

-- name: realtime_lines
-- A line is not earlier than those before it in its own transcription, whatever its clock says.
SELECT role, text FROM realtime_line WHERE call_id = ?1
ORDER BY max(at_ms) OVER (PARTITION BY transcription_sid ORDER BY sequence), transcription_sid, sequence, outbound;

-- name: realtime_lines_near
SELECT transcription_sid, sequence, outbound, role, text, at_ms FROM realtime_line
WHERE call_id = ?1 AND at_ms BETWEEN ?2 AND ?3 ORDER BY at_ms, transcription_sid, sequence;

-- name: realtime_line_set_text
UPDATE realtime_line SET text = ?4 WHERE transcription_sid = ?1 AND sequence = ?2 AND outbound = ?3;

-- name: realtime_line_set_role
UPDATE realtime_line SET role = ?3 WHERE call_id = ?1 AND outbound = ?2 AND role <> ?3;

-- name: call_channel_map
SELECT b.channel_map, c.direction FROM call c LEFT JOIN business b ON b.id = c.business_id WHERE c.id = ?1;

-- name: call_set_realtime_error
UPDATE call SET realtime_error = ?2, updated_at_ms = ?3 WHERE id = ?1;

-- name: understand_sooner
UPDATE job SET due_at_ms = ?2 WHERE kind = 'full' AND stage = 'understand' AND subject = ?1
    AND state = 'scheduled' AND due_at_ms > ?2;

-- name: call_set_full_conversation
UPDATE call SET full_conversation = ?2, updated_at_ms = ?3 WHERE id = ?1;

-- name: call_set_insight
UPDATE call SET transcript_source = ?2, summary = ?3, extracted_service = ?4, extracted_city = ?5,
    extraction_confidence = ?6, insight = ?7, understood_sha256 = ?8, version = ?9, updated_at_ms = ?10,
    language = coalesce(language, ?11)
WHERE id = ?1;

-- name: call_understood
SELECT understood_sha256, version FROM call WHERE id = ?1;

-- name: transcript_save
UPDATE call SET final_transcript = ?2, language = ?3, model = ?4, transcript_recording_sid = ?5,
    speech_ms = ?6, realtime_factor = ?7, transcribed_at_ms = ?8, offline_state = ?9,
    duration = CASE WHEN duration <= 0 THEN ?10 ELSE duration END, transcript_channels = ?11,
    channels_reason = ?12, updated_at_ms = ?8
WHERE id = ?1;

-- name: segment_clear
DELETE FROM segment WHERE call_id = ?1;

-- name: segment_add
INSERT INTO segment (call_id, position, channel, role, start_ms, end_ms, text, words, dropped_reason, heard)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10);

-- name: segment_list
SELECT channel, role, start_ms, end_ms, text, words, dropped_reason, heard FROM segment
WHERE call_id = ?1 AND (?2 = 1 OR dropped_reason IS NULL) ORDER BY start_ms, channel, position;

-- name: event_call
SELECT call_sid FROM event
WHERE account_sid = ?1 AND kind = ?2 AND subject = ?3 AND status = ?4 AND sequence = ?5;

-- name: segment_calls
-- Calls of ?1 that were heard on two channels, newest first, ids below ?2 (0: all).
SELECT c.id, c.call_sid, c.recording_source, c.direction,
    (SELECT CASE WHEN (s.channel = 0) = (s.role = 'agent') THEN 0 ELSE 1 END FROM segment s
     WHERE s.call_id = c.id AND s.role IN ('agent', 'customer') LIMIT 1) AS agent
FROM call c WHERE c.business_id = ?1 AND (?2 = 0 OR c.id < ?2) AND agent IS NOT NULL
ORDER BY c.id DESC LIMIT ?3;

-- name: segment_set_role
UPDATE segment SET role = ?3 WHERE call_id = ?1 AND channel = ?2 AND role IN ('agent', 'customer');

-- name: call_set_final_transcript
UPDATE call SET final_transcript = ?2, updated_at_ms = ?3 WHERE id = ?1;

-- name: event_add
INSERT INTO event (account_sid, kind, subject, status, sequence, call_sid, params, received_at_ms)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING;
