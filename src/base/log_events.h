/*
 * log_events.h - the lines operators and alerts search for, word for word (see docs/operations.md).
 *
 * One table: name, level, format, and the JSON field name of each argument in order. The format may
 * use only %s, %d, %lld and %.2f; text before them must not change.
 */
#ifndef KOL_BASE_LOG_EVENTS_H
#define KOL_BASE_LOG_EVENTS_H

/* X(name, level, json event name, format, comma-separated field names) */
#define KOL_EVENTS(X)                                                                              \
    X(WORKER_LOOP_STARTED, INFO, "worker_loop_started",                                            \
      "✅ [OFFLINE_STT] Recording worker loop started", "")                                         \
    X(WORKER_STARTED, INFO, "worker_started", "✅ [BACKGROUND] Recording worker started", "")       \
    X(WORKER_NOT_STARTED, WARN, "worker_not_started",                                              \
      "⚠️ [BACKGROUND] Could not start recording worker: %s", "reason")                        \
    X(FOUND_EXISTING, INFO, "found_existing_recording", "✅ Found existing recording for %s: %s",   \
      "call_sid,path")                                                                             \
    X(RECORDING_QUEUED, INFO, "recording_queued", "✅ Recording queued for processing: %s",         \
      "call_sid")                                                                                  \
    X(JOB_ENQUEUED, INFO, "job_enqueued", "✅ [OFFLINE_STT] Job enqueued for %s", "call_sid")       \
    X(TRANSCRIPTION_STARTING, INFO, "offline_transcription_starting",                              \
      "🎧 [OFFLINE_STT] Starting offline transcription for %s", "call_sid")                         \
    X(RECORDING_FETCHED, INFO, "recording_fetched",                                                \
      "[OFFLINE_STT] Recording fetched: %s, duration=%ss", "recording_sid,duration")               \
    X(NOT_READY, INFO, "recording_not_ready",                                                      \
      "[OFFLINE_STT] Recording not ready yet (%s), will retry in %ds (attempt %d/5)",              \
      "given,wait_s,attempt")                                                                      \
    X(GIVING_UP, ERROR, "recording_given_up",                                                      \
      "❌ [OFFLINE_STT] Giving up on recording %s after 5 attempts", "call_sid")                    \
    X(TRYING_FORMAT, INFO, "trying_recording_url",                                                 \
      "[OFFLINE_STT] Trying recording URL (format %d/3)...", "format")                             \
    X(DOWNLOAD_STATUS, INFO, "download_status", "[OFFLINE_STT] Download status: %d, bytes=%lld",   \
      "status,bytes")                                                                              \
    X(DOWNLOADED, INFO, "downloaded", "[OFFLINE_STT] ✅ Successfully downloaded %lld bytes",        \
      "bytes")                                                                                     \
    X(RECORDING_SAVED, INFO, "recording_saved",                                                    \
      "[OFFLINE_STT] ✅ Recording saved to disk: %s (%lld bytes)", "path,bytes")                    \
    X(WHISPER_STARTING, INFO, "whisper_starting",                                                  \
      "[OFFLINE_STT] Starting Whisper transcription for %s", "call_sid")                           \
    X(TRANSCRIPT_OBTAINED, INFO, "transcript_obtained",                                            \
      "[OFFLINE_STT] ✅ Transcript obtained: %lld chars for %s", "chars,call_sid")                  \
    X(TRANSCRIPTION_TOOK, INFO, "transcription_took",                                              \
      "[OFFLINE_STT] Transcribed %lld s in %.2f s (real-time factor %.2f) for %s",                 \
      "audio_s,took_s,realtime_factor,call_sid")                                                   \
    X(TRANSCRIPT_SAVED, INFO, "transcript_saved",                                                  \
      "[OFFLINE_STT] ✅ Saved final_transcript (%lld chars) for %s", "chars,call_sid")              \
    X(EXTRACT_STARTING, INFO, "extraction_starting",                                               \
      "[OFFLINE_EXTRACT] Starting extraction for %s", "call_sid")                                  \
    X(EXTRACTED, INFO, "extracted",                                                                \
      "[OFFLINE_EXTRACT] ✅ Extracted: service='%s', city='%s', confidence=%.2f",                   \
      "service,city,confidence")                                                                   \
    X(LEAD_SERVICE_UPDATED, INFO, "lead_service_updated",                                          \
      "[OFFLINE_EXTRACT] ✅ Updated lead %lld service_type: '%s'", "lead_id,service_type")          \
    X(LEAD_CITY_UPDATED, INFO, "lead_city_updated",                                                \
      "[OFFLINE_EXTRACT] ✅ Updated lead %lld city: '%s'", "lead_id,city")                          \
    X(COMPLETED, INFO, "processing_completed", "✅ [OFFLINE_STT] Completed processing for %s",      \
      "call_sid")                                                                                  \
    X(WEBHOOK_OFFLINE, INFO, "webhook_using_offline",                                              \
      "✅ [WEBHOOK] Using OFFLINE transcript (%lld chars)", "chars")                                \
    X(WEBHOOK_REALTIME, INFO, "webhook_using_realtime",                                            \
      "ℹ️ [WEBHOOK] Offline transcript missing → using realtime (%lld chars)", "chars")

enum kol_event {
#define X(name, level, json, fmt, fields) KOL_EV_##name,
    KOL_EVENTS(X)
#undef X
        KOL_EVENT_COUNT
};

#endif
