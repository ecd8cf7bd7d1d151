/*
 * fetch.h - one run of the fetch stage, shared between its files. Private to this folder.
 *
 * fetch.c decides and stores, lean.c sees whose turn it is, steps.c asks Twilio, media.c makes
 * the file.
 */
#ifndef KOL_RECORDING_FETCH_H
#define KOL_RECORDING_FETCH_H

#include "queue/stage.h"
#include "recording/plan.h"
#include "store/call.h"
#include "twilio/recording_url.h"
#include "twilio/rest.h"

struct kol_fetched_file {
    const char *audio_file; /* "recordings/CA….mp3" */
    int64_t bytes;
    const char *sha256;
};

struct kol_fetch {
    struct kol_stage_run *run;
    struct kol_call *call;
    struct kol_recording_ref ref; /* which recording: read from the call's stored URL */
    bool one_round;               /* kind "download" */
    struct kol_fetch_plan plan;
    struct kol_fetch_next next;

    /* what the step saw */
    const char *given;                   /* for the log: "duration=-1", "404" */
    struct kol_rest_recording *resource; /* NULL: not read in this run */
    const char *gone_status; /* what Twilio says of a recording that it does not have; NULL */
    int64_t gone_error;
    struct kol_rest_call *party; /* the call at Twilio; NULL: not asked */
    struct kol_fetched_file file;
    bool was_local;       /* before this run, and the row says so */
    const char *key_file; /* the private key of what is encrypted */
    enum kol_code failed; /* what the run returned; KOL_OK: it did not fail */
    const char *reason;   /* of the failure, for people */
};

/*
 * Whose turn is it to ask Twilio? ret true: this job's, until slack_ms after the longest step.
 * False with OK: another job of the same recording is at it, and f->run comes back in a second.
 * Errors: NOT_FOUND (a download that leaned on a full job, which has given up).
 */
enum kol_code kol_fetch_take_turn(struct kol_fetch *f, int64_t slack_ms, bool *ret,
                                  struct kol_err *err) KOL_MUST_CHECK;

/* The next step of f->plan. A failure of network, server or credentials is returned, anything else
 * seen. */
enum kol_code kol_fetch_take_step(struct kol_fetch *f, enum kol_seen *ret,
                                  struct kol_err *err) KOL_MUST_CHECK;

/* The step MEDIA: one format; KOL_SEEN_FILE means that f->file has its final name. */
enum kol_code kol_fetch_media(struct kol_fetch *f, enum kol_seen *ret,
                              struct kol_err *err) KOL_MUST_CHECK;
/* In a change: the file is here; when its business wants it deleted at Twilio, that is queued. */
enum kol_code kol_erase_queue(struct kol_db *db, struct kol_arena *a, const struct kol_conf *conf,
                              const struct kol_call *call, const char *recording_sid,
                              int64_t now_ms, struct kol_err *err) KOL_MUST_CHECK;
/* Whose private key opens it: f->key_file. Errors: ENCRYPTED: there is none. */
enum kol_code kol_fetch_find_key(struct kol_fetch *f, const struct kol_rest_recording *r,
                                 struct kol_err *err) KOL_MUST_CHECK;
/* Removes files of this call in other formats than the one it has now. */
void kol_fetch_remove_others(const struct kol_fetch *f);

#endif
