/*
 * queue.h - durable jobs: add, claim, extend, finish, retry, bury. Knows nothing of what a job
 * does.
 *
 * Every function that changes a job runs inside a change (store/writer.h). A claim returns a fresh
 * token; every later write of that job carries it, and LOST_LEASE means: stop, somebody else has
 * it. Source: design.md "always true" 2 to 5; facts of other queues in ARCHITECTURE.md.
 */
#ifndef KOL_QUEUE_QUEUE_H
#define KOL_QUEUE_QUEUE_H

#include "store/db.h"

#define KOL_LEASE_MS 60000
#define KOL_HEARTBEAT_MS 15000
#define KOL_MAX_CRASHES 3 /* then the input is poison: dead, kept, visible */

/* What each state promises. X(code, name) */
#define KOL_JOB_STATES(X)                                                                          \
    X(SCHEDULED, "scheduled") /* waits for due_at_ms */                                            \
    X(READY, "ready")         /* may be claimed now */                                             \
    X(RUNNING, "running")     /* has an owner, a token and a lease */                              \
    X(PAUSED, "paused")       /* waits for an operator: error says what for */                     \
    X(DONE, "done")           /* its result is stored */                                           \
    X(DEAD, "dead")           /* given up; kept with its error until retried */                    \
    X(CANCELLED, "cancelled")
enum kol_job_state {
#define X(code, name) KOL_JOB_##code,
    KOL_JOB_STATES(X)
#undef X
};
const char *kol_job_state_name(enum kol_job_state state);

struct kol_job {
    int64_t id;
    const char *kind;    /* "full" walks the whole road, "download" is fetch alone */
    const char *stage;   /* a name of pipeline/stages.c */
    int64_t business_id; /* 0: not known yet */
    int64_t call_id;
    const char *call_sid;
    const char *subject; /* recording SID, else call SID; for deliver the event id */
    enum kol_job_state state;
    int64_t due_at_ms;
    int64_t order_key; /* within a business smaller goes first: when the call ended */
    int attempt;       /* failures so far */
    int crashes;
    int64_t token;
    const char *owner;
    const char *data; /* the stage's own JSON: which format, which wait; NULL at first */
    const char *error_code, *error;
    double progress; /* 0 to 1 */
    int64_t created_at_ms, updated_at_ms, finished_at_ms;
    int64_t lease_until_boot_ms; /* running: progress is as of KOL_LEASE_MS before */
};

/*
 * How long a running job will still take, by its progress so far; -1: not running, or nobody can
 * tell yet.
 *   now_ms, now_boot_ms  both clocks, now
 */
int64_t kol_job_remaining_ms(const struct kol_job *job, int64_t now_ms, int64_t now_boot_ms);

/* A new job; other fields of struct kol_job are ignored. */
struct kol_job_new {
    const char *kind, *stage;
    int64_t business_id, call_id;
    const char *call_sid, *subject;
    int64_t due_at_ms; /* 0: now */
    int64_t order_key; /* 0: now */
    const char *data;
};

/* ret_id 0: an unfinished job of this kind, stage and subject exists already. ret_id may be NULL.
 */
enum kol_code kol_queue_add(struct kol_db *db, const struct kol_job_new *job, int64_t now_ms,
                            int64_t *ret_id, struct kol_err *err) KOL_MUST_CHECK;

/*
 * Takes the next job of a stage: the business that waited longest for its turn, and of it the call
 * that ended first. ret NULL when nothing is ready.
 *   owner   who to release on death; unique per process life
 */
enum kol_code kol_queue_claim(struct kol_db *db, struct kol_arena *a, const char *stage,
                              const char *owner, int64_t now_ms, struct kol_job **ret,
                              struct kol_err *err) KOL_MUST_CHECK;
/* Read-only and cheap: is a claim worth the write? */
enum kol_code kol_queue_has_work(struct kol_db *db, const char *stage, int64_t now_ms, bool *ret,
                                 struct kol_err *err) KOL_MUST_CHECK;

/* Every one of these fails with LOST_LEASE when job->token is no longer the job's. */
enum kol_code kol_queue_check(struct kol_db *db, const struct kol_job *job,
                              struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_queue_extend(struct kol_db *db, const struct kol_job *job, double progress,
                               struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_queue_finish(struct kol_db *db, const struct kol_job *job, int64_t now_ms,
                               struct kol_err *err) KOL_MUST_CHECK;
/* A wait that is no failure: back at due_at_ms with new data. */
enum kol_code kol_queue_again(struct kol_db *db, const struct kol_job *job, int64_t due_at_ms,
                              const char *data, int64_t now_ms, struct kol_err *err) KOL_MUST_CHECK;

struct kol_retry_rule {
    int max_attempts;
    int64_t (*delay_ms)(int attempt); /* NULL: 15 s + attempt^4 s, +-10 % */
};
int64_t kol_queue_backoff_ms(int attempt);
/* The wait before try attempt + 1 of a fixed schedule, whose last entry repeats; +-10 %. */
int64_t kol_queue_schedule_ms(const int64_t *delays_s, size_t count, int attempt);
/*
 * Records a failure: retry, pause or bury as kol_code_next(failure->code) and the rule say.
 *   least_delay_ms the peer's own wish (Retry-After), 0: none
 *   wait_divisor   test-only setting, 1 normally
 *   ret_state      where the job went
 */
enum kol_code kol_queue_fail(struct kol_db *db, const struct kol_job *job,
                             const struct kol_err *failure, const struct kol_retry_rule *rule,
                             int64_t least_delay_ms, int64_t wait_divisor, int64_t now_ms,
                             enum kol_job_state *ret_state, struct kol_err *err) KOL_MUST_CHECK;

/* Gives back what a dead or stopping owner held. crashed: counts as a crash of the running job. */
enum kol_code kol_queue_release_owner(struct kol_db *db, const char *owner, bool crashed,
                                      int64_t now_ms, int64_t *ret_count,
                                      struct kol_err *err) KOL_MUST_CHECK;
/* Gives back what has an expired lease, or one of an earlier boot; counts as a crash. */
enum kol_code kol_queue_reap(struct kol_db *db, int64_t now_ms, int64_t *ret_count,
                             struct kol_err *err) KOL_MUST_CHECK;

/* ---- operators ---- */
struct kol_job_filter {
    int64_t business_id; /* 0: any */
    const char *state, *stage, *call_sid;
    int64_t before_id;
    int limit;
};
enum kol_code kol_queue_list(struct kol_db *db, struct kol_arena *a,
                             const struct kol_job_filter *filter, struct kol_job **ret,
                             size_t *ret_count, struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_queue_by_id(struct kol_db *db, struct kol_arena *a, int64_t id,
                              struct kol_job **ret, struct kol_err *err) KOL_MUST_CHECK;
/* dead, paused, cancelled, scheduled -> ready, attempts forgotten. CONFLICT otherwise. */
enum kol_code kol_queue_retry(struct kol_db *db, int64_t id, int64_t now_ms,
                              struct kol_err *err) KOL_MUST_CHECK;
enum kol_code kol_queue_cancel(struct kol_db *db, int64_t id, int64_t now_ms,
                               struct kol_err *err) KOL_MUST_CHECK;
/* Paused jobs with this error code, of one account's calls, become ready: its credentials changed.
 */
enum kol_code kol_queue_resume(struct kol_db *db, const char *error_code, const char *account_sid,
                               int64_t now_ms, int64_t *ret_count,
                               struct kol_err *err) KOL_MUST_CHECK;
/* The same, of one business only. */
enum kol_code kol_queue_resume_of(struct kol_db *db, int64_t business_id, const char *error_code,
                                  int64_t now_ms, struct kol_err *err) KOL_MUST_CHECK;
/* The unfinished job of a call at a stage, due now: "try again" of the player. */
enum kol_code kol_queue_hurry(struct kol_db *db, const char *kind, const char *stage,
                              const char *subject, int64_t now_ms,
                              struct kol_err *err) KOL_MUST_CHECK;
struct kol_queue_count {
    const char *stage, *state;
    int64_t count, oldest_due_at_ms;
};
enum kol_code kol_queue_counts(struct kol_db *db, struct kol_arena *a, struct kol_queue_count **ret,
                               size_t *ret_count, struct kol_err *err) KOL_MUST_CHECK;

#endif
