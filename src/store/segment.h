/*
 * segment.h - the lines of a call's offline transcript.
 */
#ifndef KOL_STORE_SEGMENT_H
#define KOL_STORE_SEGMENT_H

#include "store/db.h"

struct kol_segment_row {
    int channel;      /* 0 or 1 */
    const char *role; /* "agent", "customer", "speaker" */
    int64_t start_ms, end_ms;
    const char *text;
    const char *words;          /* JSON array [{"w","s","e","p"}] or NULL */
    const char *dropped_reason; /* NULL: part of the transcript */
    const char *heard;          /* what the engine wrote, where text makes it readable; or NULL */
};

/* In order of time. with_dropped: also what filters took out. */
enum kol_code kol_segment_list(struct kol_db *db, struct kol_arena *a, int64_t call_id,
                               bool with_dropped, struct kol_segment_row **ret, size_t *ret_count,
                               struct kol_err *err) KOL_MUST_CHECK;

struct kol_transcript_row {
    const char *recording_sid;
    const char *final_transcript; /* "" when nobody spoke */
    const char *language, *model;
    int64_t speech_ms;
    double realtime_factor;
    int64_t duration_ms;
    int channels;                /* that were transcribed */
    const char *channels_reason; /* why fewer than the recording has; NULL */
    const struct kol_segment_row *segments;
    size_t segment_count;
};
/* Change: replaces the call's offline transcript and its segments; sets offline_state. */
enum kol_code kol_transcript_save(struct kol_db *db, int64_t call_id,
                                  const struct kol_transcript_row *row, int64_t now_ms,
                                  struct kol_err *err) KOL_MUST_CHECK;

/* A call that was heard on two channels. */
struct kol_two_channel_call {
    int64_t id;
    const char *call_sid;
    const char *source, *direction; /* NULL: unknown */
    int agent;                      /* the channel whose lines are stored as the business's */
};
/* Newest first; before_id 0: from the newest on. */
enum kol_code kol_segment_calls(struct kol_db *db, struct kol_arena *a, int64_t business_id,
                                int64_t before_id, size_t limit, struct kol_two_channel_call **ret,
                                size_t *ret_count, struct kol_err *err) KOL_MUST_CHECK;

/*
 * Change: the other channel is the business. Roles of the segments, the names in final_transcript
 * and the search index follow; summary and lead are made anew by understanding the call again.
 *
 *   agent  its channel, 0 or 1
 */
enum kol_code kol_segment_swap_roles(struct kol_db *db, struct kol_arena *a, int64_t call_id,
                                     int agent, int64_t now_ms, struct kol_err *err) KOL_MUST_CHECK;

#endif
