/*
 * call.h - one phone call, as stored; the field names are those of the JSON API and the webhook.
 *
 * Rows are read into an arena. Writes happen inside a change (writer.h).
 */
#ifndef KOL_STORE_CALL_H
#define KOL_STORE_CALL_H

#include "store/db.h"

/* Where the file of a call stands; the player's answers follow from it. */
#define KOL_FETCH_STATES(X)                                                                        \
    X(NONE, "none")         /* no recording known */                                               \
    X(WAITING, "waiting")   /* known, a fetch is queued or running */                              \
    X(LOCAL, "local")       /* complete on disk */                                                 \
    X(GIVEN_UP, "given_up") /* for now: fetch_next_at_ms says when the job tries again */          \
    X(REFUSED, "refused")   /* waits for an operator: credentials, media_hosts, a private key */   \
    X(GONE, "gone")         /* absent or deleted at Twilio, for good */
enum kol_fetch_state {
#define X(code, name) KOL_FETCH_##code,
    KOL_FETCH_STATES(X)
#undef X
};

/* Where offline transcription stands. */
#define KOL_OFFLINE_STATES(X)                                                                      \
    X(NONE, "none")           /* nothing to transcribe yet */                                      \
    X(PENDING, "pending")     /* on its way */                                                     \
    X(DONE, "done")           /* final_transcript holds words */                                   \
    X(NO_SPEECH, "no_speech") /* transcribed, nobody spoke: final_transcript is empty */           \
    X(DEAD, "dead")           /* will not come: look-up found nothing, gone at Twilio, buried */
enum kol_offline_state {
#define X(code, name) KOL_OFFLINE_##code,
    KOL_OFFLINE_STATES(X)
#undef X
};
const char *kol_fetch_state_name(enum kol_fetch_state state);
const char *kol_offline_state_name(enum kol_offline_state state);

/* Strings are NULL when unknown; numbers 0, except duration and confidence (-1). */
struct kol_call {
    int64_t id;
    const char *call_sid;
    const char *account_sid;
    int64_t business_id; /* 0: unassigned */
    int64_t lead_id;
    const char *direction;   /* "inbound" or "outbound" */
    const char *from_number; /* canonical (kol_phone_normalise), "" when withheld */
    const char *to_number;
    const char *status;        /* Twilio's CallStatus */
    const char *recording_url; /* as stored: .json becomes .mp3; never dereferenced */
    const char *recording_sid;
    const char *recording_source;
    int64_t duration; /* seconds of the recording, -1 unknown */
    int channels;     /* 0 unknown */
    int64_t started_at_ms, ended_at_ms, created_at_ms, updated_at_ms;
    enum kol_fetch_state fetch_state;
    const char *fetch_reason; /* for people */
    int64_t fetch_next_at_ms;
    const char *audio_file; /* "recordings/CA….mp3", below the data folder */
    const char *audio_recording_sid;
    int64_t audio_bytes;
    const char *audio_sha256;
    enum kol_offline_state offline_state;
    const char *final_transcript;  /* NULL: never transcribed; "": no speech */
    const char *full_conversation; /* realtime */
    const char *language;          /* of the transcript, "he" or "en" */
    const char *model;
    const char
        *transcript_source; /* what summary and lead were made from: offline, realtime, none */
    const char *summary;
    const char *extracted_service;
    const char *extracted_city;
    double extraction_confidence; /* -1 unknown */
    const char *insight;          /* JSON: every value with its quote, time and rule */
    int64_t version;              /* of what was last handed to the CRM */
    int transcript_channels;      /* heard as so many; 0: not transcribed */
    const char *channels_reason;  /* why as fewer than the recording has; NULL */
    const char *realtime_error;   /* what went wrong with the realtime transcript; NULL */
    int64_t remote_deleted_at_ms; /* when Kol deleted its recording at Twilio; 0: it did not */
};

/* NULL and KOL_OK when there is none. */
enum kol_code kol_call_by_sid(struct kol_db *db, struct kol_arena *a, const char *call_sid,
                              struct kol_call **ret, struct kol_err *err) KOL_MUST_CHECK;
/* The same without transcripts and all that follows from them: playback asks for every range. */
enum kol_code kol_call_brief(struct kol_db *db, struct kol_arena *a, const char *call_sid,
                             struct kol_call **ret, struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_call_by_id(struct kol_db *db, struct kol_arena *a, int64_t id,
                             struct kol_call **ret, struct kol_err *err) KOL_MUST_CHECK;

/* Filters of the list; NULL, 0 means any. */
struct kol_call_filter {
    int64_t business_id;        /* a business key sees its own only */
    bool unassigned;            /* only calls without business (operator) */
    const char *number_part;    /* digits contained in either number */
    const char *city, *service; /* exact, as extracted */
    int64_t from_ms, to_ms;     /* started_at_ms in [from, to) */
    int64_t before_id;          /* paging: ids below this */
    int limit;                  /* at most 200 */
};
/* Newest first. ret is an array in the arena. */
enum kol_code kol_call_list(struct kol_db *db, struct kol_arena *a,
                            const struct kol_call_filter *filter, struct kol_call **ret,
                            size_t *ret_count, struct kol_err *err) KOL_MUST_CHECK;

/* ---- changes ---- */

/* Finds or makes the call's row; account mismatch is FORBIDDEN. */
enum kol_code kol_call_ensure(struct kol_db *db, const char *call_sid, const char *account_sid,
                              int64_t now_ms, int64_t *ret_id, struct kol_err *err) KOL_MUST_CHECK;
/*
 * Stores who spoke to whom (canonical numbers) and the business, when not known yet; business_id 0
 * leaves it unassigned. Numbers once known are not overwritten.
 */
enum kol_code kol_call_set_parties(struct kol_db *db, int64_t id, const char *direction,
                                   const char *from_number, const char *to_number,
                                   int64_t business_id, int64_t now_ms,
                                   struct kol_err *err) KOL_MUST_CHECK;
/* ret_id 0: there is no such call; account mismatch is FORBIDDEN. Also outside of a change. */
enum kol_code kol_call_find(struct kol_db *db, const char *call_sid, const char *account_sid,
                            int64_t *ret_id, struct kol_err *err) KOL_MUST_CHECK;
/* 0: it has none, or there is no such call. Also outside of a change. */
enum kol_code kol_call_business(struct kol_db *db, int64_t id, int64_t *ret,
                                struct kol_err *err) KOL_MUST_CHECK;
/* Gives a call that has none its business; jobs that waited for it go on. */
enum kol_code kol_call_set_business(struct kol_db *db, int64_t id, int64_t business_id,
                                    int64_t now_ms, struct kol_err *err) KOL_MUST_CHECK;
/* The account of a call; NULL when there is no such call. Also outside of a change. */
enum kol_code kol_call_account(struct kol_db *db, struct kol_arena *a, int64_t id, const char **ret,
                               struct kol_err *err) KOL_MUST_CHECK;
/* Call status in order of sequence (late ones change nothing); ended_at_ms 0 when not terminal. */
enum kol_code kol_call_set_status(struct kol_db *db, int64_t id, const char *status,
                                  int64_t sequence, int64_t started_at_ms, int64_t ended_at_ms,
                                  int64_t now_ms, struct kol_err *err) KOL_MUST_CHECK;

struct kol_recording {
    const char *recording_sid;
    const char *account_sid;
    const char *status; /* Twilio's */
    const char *source;
    const char *url;
    int64_t duration; /* -1 unknown */
    int channels;     /* 0 unknown */
    int64_t error_code;
    int64_t started_at_ms;
    bool by_callback; /* such come in any order: the most telling status stays */
};
/* One recording as stored; ret NULL and KOL_OK when it is not known. */
struct kol_recording_row {
    const char *recording_sid;
    int64_t call_id;
    const char *account_sid;
    const char *status;
    int64_t error_code;
    int64_t remote_deleted_at_ms; /* 0: not by us */
};
enum kol_code kol_recording_by_sid(struct kol_db *db, struct kol_arena *a,
                                   const char *recording_sid, struct kol_recording_row **ret,
                                   struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_recording_set_remote_deleted(struct kol_db *db, const char *recording_sid,
                                               int64_t now_ms, struct kol_err *err) KOL_MUST_CHECK;
/*
 * Stores or updates one recording of a call and decides which one is the call's: the two-channel
 * one, else the longest, else the first. ret_current: this one is now (or stays) the call's.
 * ret_changed: the call's recording became another one than before (or its first).
 */
enum kol_code kol_call_put_recording(struct kol_db *db, int64_t call_id,
                                     const struct kol_recording *recording, int64_t now_ms,
                                     bool *ret_current, bool *ret_changed,
                                     struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_call_set_duration(struct kol_db *db, int64_t id, const char *recording_sid,
                                    int64_t duration, int channels, const char *source,
                                    int64_t now_ms, struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_call_set_fetch_state(struct kol_db *db, int64_t id, enum kol_fetch_state state,
                                       const char *reason, int64_t next_at_ms, int64_t now_ms,
                                       struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_call_set_audio(struct kol_db *db, int64_t id, const char *recording_sid,
                                 const char *audio_file, int64_t bytes, const char *sha256,
                                 int64_t now_ms, struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_call_set_offline_state(struct kol_db *db, int64_t id,
                                         enum kol_offline_state state, int64_t now_ms,
                                         struct kol_err *err) KOL_MUST_CHECK;

/* One line of the realtime transcript; a line already stored (same sid, sequence and track)
 * changes nothing. */
struct kol_realtime_line {
    const char *transcription_sid;
    int64_t sequence;
    bool outbound;    /* of outbound_track, else of inbound_track */
    const char *role; /* "agent" or "customer": kol_track_role() */
    const char *text;
    int64_t at_ms;
};
/* Change: CONFLICT when lines of another call have this transcription SID. */
enum kol_code kol_call_check_transcription(struct kol_db *db, int64_t call_id,
                                           const char *transcription_sid,
                                           struct kol_err *err) KOL_MUST_CHECK;
/* Lines at most within_ms away from a time, in the order of the conversation. */
enum kol_code kol_call_realtime_near(struct kol_db *db, struct kol_arena *a, int64_t call_id,
                                     int64_t at_ms, int64_t within_ms,
                                     struct kol_realtime_line **ret, size_t *ret_count,
                                     struct kol_err *err) KOL_MUST_CHECK;
/* Change: other words for a stored line; full_conversation follows with the next line. */
enum kol_code kol_call_set_realtime_text(struct kol_db *db, const struct kol_realtime_line *line,
                                         const char *text, struct kol_err *err) KOL_MUST_CHECK;
/*
 * Stores the line and makes full_conversation anew: "Customer: ..." lines. Within a transcription
 * they stand in the order of its sequence, whatever their times; several are merged by time.
 */
enum kol_code kol_call_add_realtime_line(struct kol_db *db, int64_t call_id,
                                         const struct kol_realtime_line *line, int64_t now_ms,
                                         bool *ret_new, struct kol_err *err) KOL_MUST_CHECK;
/* Change: the roles of all lines as the business's channel map says now; the business or the
 * direction became known, or the map is another one. ret_changed may be NULL. */
enum kol_code kol_call_relabel_realtime(struct kol_db *db, int64_t call_id, int64_t now_ms,
                                        bool *ret_changed, struct kol_err *err) KOL_MUST_CHECK;
/* Change: what Twilio said when its transcription failed. */
enum kol_code kol_call_set_realtime_error(struct kol_db *db, int64_t id, const char *text,
                                          int64_t now_ms, struct kol_err *err) KOL_MUST_CHECK;

#endif
