/*
 * house.h - the two processes of a data folder: what `kol serve` and `kol worker` set up and tear
 * down.
 */
#ifndef KOL_PIPELINE_HOUSE_H
#define KOL_PIPELINE_HOUSE_H

#include "base/json.h"
#include "queue/stage.h"

struct kol_house; /* opaque: workers, supervisor */

struct kol_house_options {
    const struct kol_conf *conf;
    struct kol_writer *writer;
    atomic_bool *stopping;
    char *const *worker_command; /* argv of the worker child; NULL: transcribe nothing here */
};

/* Intake's side: fetch, understand, deliver in threads, transcription in a supervised child. */
enum kol_code kol_house_serve(const struct kol_house_options *options, struct kol_house **ret,
                              struct kol_err *err) KOL_MUST_CHECK;
/* The worker's side: transcription in this process, with regular self-tests. owner: see queue.h. */
enum kol_code kol_house_work(const struct kol_house_options *options, const char *owner,
                             struct kol_house **ret, struct kol_err *err) KOL_MUST_CHECK;
void kol_house_stop(struct kol_house *house); /* stopping must be true; NULL is fine */

/* The child that holds the write lock for too long (struct kol_writer_options). */
void kol_house_stuck(struct kol_house *house, pid_t holder);

/* What the last self-test of the speech engine said, for /readyz: the caller owns it; NULL:
 * unknown. */
json_t *kol_house_engine_report(struct kol_writer *writer, const struct kol_conf *conf);

#endif
