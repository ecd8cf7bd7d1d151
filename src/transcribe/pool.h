/*
 * pool.h - the threads that compute: each alone on one core, with a session of its own per call.
 *
 * ggml's own threads spin while they wait for each other, which costs many times the work on a busy
 * machine; whole chunks spread over single threads do not wait.
 * Used by: transcribe.c and scan.c. Threading: every function may be called from any thread.
 *
 * Lifetime: a task is the caller's; from kol_pool_add() until its group has handed it back by
 * kol_group_next() it belongs to the pool. A group ends only when all its tasks are back.
 */
#ifndef KOL_TRANSCRIBE_POOL_H
#define KOL_TRANSCRIBE_POOL_H

#include "transcribe/engine.h"
#include "transcribe/vad.h"
#include <pthread.h>
#include <stdatomic.h>

struct kol_pool; /* opaque */

struct kol_worker { /* what a running task may use */
    struct kol_engine *engine;
    struct kol_session *session; /* of this worker for session_of; see kol_worker_session() */
    uint64_t session_of;         /* id of a group, 0: none */
    int streak;                  /* tasks of that group in a row */
    struct kol_vad *vad;         /* NULL until first used */
    const char *vad_path;
};

struct kol_task {
    enum kol_code (*run)(struct kol_task *task, struct kol_worker *worker, struct kol_err *err);
    struct kol_group *group;
    struct kol_task *next; /* the pool's */
    enum kol_code code;    /* what run answered */
    struct kol_err err;
};

/* The tasks of one call. */
struct kol_group {
    struct kol_pool *pool;
    uint64_t id;
    atomic_bool
        abort; /* set by anybody: waiting tasks are handed back CANCELLED, running ones stop */
    int64_t deadline_ms; /* kol_boot_ms() after which the same happens with OVERDUE; 0: none */
    /* Called from kol_group_next() at least every 100 ms while it waits; may set abort. NULL is
     * fine. */
    void (*poll)(struct kol_group *g, void *user);
    void *user;
    struct kol_task *done_first, *done_last; /* finished, not yet handed back */
    size_t out;                              /* tasks that belong to the pool, finished ones too */
    struct kol_group *next_open;             /* the pool's */
};

/* engine, vad_path: borrowed until close. Errors: NO_MEMORY. */
enum kol_code kol_pool_open(int threads, struct kol_engine *engine, const char *vad_path,
                            struct kol_pool **ret, struct kol_err *err) KOL_MUST_CHECK;
void kol_pool_close(struct kol_pool *p); /* NULL is fine; no group may be open */
int kol_pool_threads(const struct kol_pool *p);

void kol_group_begin(struct kol_group *g, struct kol_pool *p);
/* Aborts what runs, waits for it, and frees the sessions that the call had. */
void kol_group_end(struct kol_group *g);
bool kol_group_stopped(const struct kol_group *g); /* aborted or overdue */

void kol_pool_add(struct kol_group *g, struct kol_task *task);
/* A finished task, or NULL after wait_ms, or when none is out. */
struct kol_task *kol_group_next(struct kol_group *g, int wait_ms);
size_t kol_group_out(struct kol_group *g);

/* For a running task: the worker's session for the task's group, fresh when the group is new. */
enum kol_code kol_worker_session(struct kol_worker *w, const struct kol_task *task,
                                 struct kol_session **ret, struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_worker_vad(struct kol_worker *w, struct kol_vad **ret,
                             struct kol_err *err) KOL_MUST_CHECK;

#endif
