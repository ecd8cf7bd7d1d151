/*
 * service.h - THE recording service: a call's recording as a local file, for worker, player and
 * download.
 *
 * Used by: serve, cli. Knows: where files lie, when one is complete, what a player should be told.
 * Does not know: HTTP. Fetching itself is a stage (stage.h, plan.h).
 *
 * A file under its final name is complete; it is the call's when the row says so: same recording,
 * same size. Threading: no state; reading functions may run anywhere, changes inside a change.
 */
#ifndef KOL_RECORDING_SERVICE_H
#define KOL_RECORDING_SERVICE_H

#include "conf/conf.h"
#include "store/call.h"

/* What an asker is told; the HTTP status of each answer is that of behaviour's playback table. */
enum kol_recording_answer {
    KOL_RECORDING_LOCAL,  /* 200, 206: here is the file */
    KOL_RECORDING_COMING, /* 202: a fetch is queued (see needs_download) */
    KOL_RECORDING_LATER,  /* 503: given up for now, or credentials refused */
    KOL_RECORDING_NONE    /* 404: no recording, or gone at Twilio; asking again is no use */
};

struct kol_recording_status {
    enum kol_recording_answer answer;
    const char *reason;     /* for people; NULL for LOCAL */
    int64_t retry_after_ms; /* COMING, LATER: when asking again makes sense */
    /* LOCAL */
    const char *path;       /* absolute */
    const char *audio_file; /* below the data folder */
    int64_t bytes;
    const char *sha256;
};

/*
 * Looks at the row and the disk, and asks nobody. call NULL: NONE.
 * Errors: NO_MEMORY.
 */
enum kol_code kol_recording_look(struct kol_arena *a, const struct kol_conf *conf,
                                 const struct kol_call *call, int64_t now_ms,
                                 struct kol_recording_status *ret,
                                 struct kol_err *err) KOL_MUST_CHECK;

/* True when the file is there, complete, and of the call's current recording. ret_path: absolute.
 */
bool kol_recording_find_local(struct kol_arena *a, const struct kol_conf *conf,
                              const struct kol_call *call, const char **ret_path);

/*
 * Makes sure that a download is queued when the answer is COMING. A kol_write_fn; arg is a struct
 * kol_recording_prepare. Neither delays nor repeats the call's full job.
 *
 *   hurry       a person asked ("try again"): LATER becomes COMING and is tried now
 *   ret_answer  what is true after it
 *   ret_queued  a download was added (not when one is queued)
 */
struct kol_recording_prepare {
    const struct kol_conf *conf;
    const char *call_sid;
    bool hurry;
    enum kol_recording_answer ret_answer;
    bool ret_queued;
};
enum kol_code kol_recording_prepare(struct kol_db *db, void *arg, struct kol_err *err);

/* At start: removes what a crash left half-written in the folder of the recordings, and cut
 * downloads that nobody went on with for three days. Returns how many files. */
int kol_recording_sweep(const char *folder);

/* True when a download of this call is queued: then kol_recording_prepare() would change nothing.
 */
enum kol_code kol_recording_is_queued(struct kol_db *db, struct kol_arena *a,
                                      const struct kol_call *call, bool *ret,
                                      struct kol_err *err) KOL_MUST_CHECK;

#endif
