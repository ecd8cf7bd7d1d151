/*
 * supervise.h - the worker child of `kol serve`: started, watched, started again.
 *
 * A crash in speech code never touches intake: it ends the child, whose jobs are given back at
 * once. Threading: start and stop from one thread; kol_supervisor_kill from any.
 */
#ifndef KOL_PIPELINE_SUPERVISE_H
#define KOL_PIPELINE_SUPERVISE_H

#include "queue/stage.h"
#include <sys/types.h>

#define KOL_CHILD_OWNER                                                                            \
    "serve-child" /* job.owner of the supervised worker; one per data folder                       \
                   */

struct kol_supervisor; /* opaque */

struct kol_supervisor_options {
    const struct kol_conf *conf;
    struct kol_writer *writer;
    atomic_bool *offline_on; /* kept true while a worker can run */
    char *const *command;    /* argv of the child, ends with NULL; borrowed until stop */
};

/* Never fails for want of a model: it says so, waits for one, and starts the child then. */
enum kol_code kol_supervisor_start(const struct kol_supervisor_options *options,
                                   struct kol_supervisor **ret, struct kol_err *err) KOL_MUST_CHECK;
void kol_supervisor_stop(struct kol_supervisor *s); /* SIGTERM, then SIGKILL; NULL is fine */

/* Kills the child if pid is it: it has held the write lock for too long. */
void kol_supervisor_kill(struct kol_supervisor *s, pid_t pid);

#endif
