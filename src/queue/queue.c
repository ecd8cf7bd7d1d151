#include "queue/queue.h"

#include "base/clock.h"
#include "base/str.h"

#define MAX_DELAY_MS (24LL * 3600 * 1000)
#define MAX_GIVEN_BACK 1000
#define MAX_COUNTS 64 /* stages times states */

static const char *const state_names[] = {
#define X(code, name) [KOL_JOB_##code] = name,
    KOL_JOB_STATES(X)
#undef X
};

const char *kol_job_state_name(enum kol_job_state state)
{
    return state_names[state];
}

static enum kol_job_state state_from_name(const char *name)
{
    for (size_t i = 0; i < KOL_COUNT(state_names); i++)
        if (kol_streq(state_names[i], name))
            return (enum kol_job_state)i;
    return KOL_JOB_DEAD;
}

/* The columns of sql/job.sql's job_columns, in their order. */
static void read_job(struct kol_arena *a, struct kol_stmt *st, void *row)
{
    struct kol_job *ret = row;
    int i = 0;

    ret->id = kol_col_int(st, i++);
    ret->kind = kol_col_dup(a, st, i++);
    ret->stage = kol_col_dup(a, st, i++);
    ret->business_id = kol_col_int(st, i++);
    ret->call_id = kol_col_int(st, i++);
    ret->call_sid = kol_col_dup(a, st, i++);
    ret->subject = kol_col_dup(a, st, i++);
    ret->state = state_from_name(kol_col_text(st, i++));
    ret->due_at_ms = kol_col_int(st, i++);
    ret->order_key = kol_col_int(st, i++);
    ret->attempt = (int)kol_col_int(st, i++);
    ret->crashes = (int)kol_col_int(st, i++);
    ret->token = kol_col_int(st, i++);
    ret->owner = kol_col_dup(a, st, i++);
    ret->data = kol_col_dup(a, st, i++);
    ret->error_code = kol_col_dup(a, st, i++);
    ret->error = kol_col_dup(a, st, i++);
    ret->progress = kol_col_real(st, i++);
    ret->created_at_ms = kol_col_int(st, i++);
    ret->updated_at_ms = kol_col_int(st, i++);
    ret->finished_at_ms = kol_col_int(st, i++);
    ret->lease_until_boot_ms = kol_col_int(st, i);
}

int64_t kol_job_remaining_ms(const struct kol_job *job, int64_t now_ms, int64_t now_boot_ms)
{
    const int64_t since_measured_ms = now_boot_ms - (job->lease_until_boot_ms - KOL_LEASE_MS);
    const int64_t took_ms = now_ms - job->updated_at_ms - since_measured_ms; /* until measured */

    if (job->state != KOL_JOB_RUNNING || job->progress < 0.01 || job->progress > 1 ||
        took_ms <= 0 || since_measured_ms < 0)
        return -1;
    const double left = (double)took_ms * (1 - job->progress) / job->progress;
    return left > (double)since_measured_ms ? (int64_t)left - since_measured_ms : 0;
}

/* ---- adding and claiming ---- */

enum kol_code kol_queue_add(struct kol_db *db, const struct kol_job_new *job, int64_t now_ms,
                            int64_t *ret_id, struct kol_err *err)
{
    int64_t changes = 0;
    const int64_t due_at_ms = job->due_at_ms ? job->due_at_ms : now_ms;
    const int64_t order_key = job->order_key ? job->order_key : now_ms;
    enum kol_code code = kol_db_run(
        db, KOL_SQL_job_add,
        KOL_ARGS(KOL_TEXT(job->kind), KOL_TEXT(job->stage), KOL_INT(job->business_id),
                 KOL_INT(job->call_id), KOL_TEXT(job->call_sid), KOL_TEXT(job->subject),
                 KOL_INT(due_at_ms), KOL_INT(order_key), KOL_TEXT(job->data), KOL_INT(now_ms)),
        &changes, err);

    if (code == KOL_OK && ret_id)
        *ret_id = changes > 0 ? kol_db_last_id(db) : 0;
    return code;
}

enum kol_code kol_queue_has_work(struct kol_db *db, const char *stage, int64_t now_ms, bool *ret,
                                 struct kol_err *err)
{
    int64_t has = 0;
    enum kol_code code = kol_db_get_int(db, KOL_SQL_job_has_work,
                                        KOL_ARGS(KOL_TEXT(stage), KOL_INT(now_ms)), 0, &has, err);

    *ret = has != 0;
    return code;
}

enum kol_code kol_queue_by_id(struct kol_db *db, struct kol_arena *a, int64_t id,
                              struct kol_job **ret, struct kol_err *err)
{
    struct kol_rows rows;
    enum kol_code code = kol_db_rows(db, a, KOL_SQL_job_by_id, KOL_ARGS(KOL_INT(id)),
                                     sizeof(struct kol_job), 1, read_job, &rows, err);

    if (code == KOL_OK)
        *ret = rows.rows;
    return code;
}

enum kol_code kol_queue_claim(struct kol_db *db, struct kol_arena *a, const char *stage,
                              const char *owner, int64_t now_ms, struct kol_job **ret,
                              struct kol_err *err)
{
    int64_t id = 0;
    enum kol_code code =
        kol_db_run(db, KOL_SQL_job_promote, KOL_ARGS(KOL_TEXT(stage), KOL_INT(now_ms)), NULL, err);

    *ret = NULL;
    if (code == KOL_OK)
        code = kol_db_get_int(db, KOL_SQL_job_next, KOL_ARGS(KOL_TEXT(stage)), 0, &id, err);
    if (code != KOL_OK || id == 0)
        return code;
    code = kol_db_run(db, KOL_SQL_job_claim,
                      KOL_ARGS(KOL_INT(id), KOL_TEXT(owner), KOL_TEXT(kol_boot_id()),
                               KOL_INT(kol_boot_ms() + KOL_LEASE_MS), KOL_INT(now_ms)),
                      NULL, err);
    if (code == KOL_OK)
        code = kol_queue_by_id(db, a, id, ret, err);
    if (code != KOL_OK)
        return code;
    return kol_db_run(db, KOL_SQL_job_turn_set,
                      KOL_ARGS(KOL_TEXT(stage), KOL_INT((*ret)->business_id)), NULL, err);
}

/* ---- the owner's writes, each fenced by the token ---- */

static enum kol_code lost(const struct kol_job *job, struct kol_err *err)
{
    return kol_fail(err, KOL_LOST_LEASE, "job %lld is somebody else's now", (long long)job->id);
}

enum kol_code kol_queue_check(struct kol_db *db, const struct kol_job *job, struct kol_err *err)
{
    int64_t holds = 0;
    enum kol_code code = kol_db_get_int(
        db, KOL_SQL_job_holds, KOL_ARGS(KOL_INT(job->id), KOL_INT(job->token)), 0, &holds, err);

    if (code != KOL_OK)
        return code;
    return holds ? KOL_OK : lost(job, err);
}

enum kol_code kol_queue_extend(struct kol_db *db, const struct kol_job *job, double progress,
                               struct kol_err *err)
{
    int64_t changes = 0;
    enum kol_code code =
        kol_db_run(db, KOL_SQL_job_extend,
                   KOL_ARGS(KOL_INT(job->id), KOL_INT(job->token),
                            KOL_INT(kol_boot_ms() + KOL_LEASE_MS), KOL_REAL(progress)),
                   &changes, err);

    if (code != KOL_OK)
        return code;
    return changes ? KOL_OK : lost(job, err);
}

struct move {
    enum kol_job_state to;
    int64_t due_at_ms;
    const char *data; /* NULL keeps it */
    int attempt;
    const char *error_code, *error;
};

/* The one way out of "running" for the job's owner. */
static enum kol_code move_job(struct kol_db *db, const struct kol_job *job, const struct move *move,
                              int64_t now_ms, struct kol_err *err)
{
    int64_t changes = 0;
    enum kol_code code =
        kol_db_run(db, KOL_SQL_job_move_running,
                   KOL_ARGS(KOL_INT(job->id), KOL_INT(job->token), KOL_TEXT(state_names[move->to]),
                            KOL_INT(move->due_at_ms), KOL_TEXT(move->data), KOL_INT(move->attempt),
                            KOL_TEXT(move->error_code), KOL_TEXT(move->error), KOL_INT(now_ms)),
                   &changes, err);

    if (code != KOL_OK)
        return code;
    return changes ? KOL_OK : lost(job, err);
}

enum kol_code kol_queue_finish(struct kol_db *db, const struct kol_job *job, int64_t now_ms,
                               struct kol_err *err)
{
    const struct move done = {
        .to = KOL_JOB_DONE, .due_at_ms = job->due_at_ms, .attempt = job->attempt};

    return move_job(db, job, &done, now_ms, err);
}

enum kol_code kol_queue_again(struct kol_db *db, const struct kol_job *job, int64_t due_at_ms,
                              const char *data, int64_t now_ms, struct kol_err *err)
{
    const struct move again = {
        .to = due_at_ms <= now_ms ? KOL_JOB_READY : KOL_JOB_SCHEDULED,
        .due_at_ms = due_at_ms,
        .data = data,
        .attempt = job->attempt,
    };

    return move_job(db, job, &again, now_ms, err);
}

/* +-10 %, so that failures of one moment do not return as one. */
static int64_t with_jitter(int64_t delay_ms)
{
    uint16_t random = 0;

    kol_random_bytes(&random, sizeof(random));
    return delay_ms - delay_ms / 10 + delay_ms / 5 * random / UINT16_MAX;
}

/* 15 s + attempt^4 s, at most a day. */
int64_t kol_queue_backoff_ms(int attempt)
{
    const int64_t n = attempt < 18 ? attempt : 18;
    const int64_t delay_ms = 15000 + n * n * n * n * 1000;

    return with_jitter(delay_ms < MAX_DELAY_MS ? delay_ms : MAX_DELAY_MS);
}

int64_t kol_queue_schedule_ms(const int64_t *delays_s, size_t count, int attempt)
{
    const size_t at = attempt < 1 ? 0 : (size_t)attempt - 1;

    return with_jitter(delays_s[at < count ? at : count - 1] * 1000);
}

enum kol_code kol_queue_fail(struct kol_db *db, const struct kol_job *job,
                             const struct kol_err *failure, const struct kol_retry_rule *rule,
                             int64_t least_delay_ms, int64_t wait_divisor, int64_t now_ms,
                             enum kol_job_state *ret_state, struct kol_err *err)
{
    const int attempt = job->attempt + 1;
    struct move move = {
        .to = KOL_JOB_DEAD,
        .due_at_ms = now_ms,
        .attempt = attempt,
        .error_code = kol_code_name(failure->code),
        .error = failure->msg,
    };

    switch (kol_code_next(failure->code)) {
    case KOL_NEXT_RETRY:
        if (attempt < rule->max_attempts) {
            int64_t delay_ms =
                rule->delay_ms ? rule->delay_ms(attempt) : kol_queue_backoff_ms(attempt);

            if (delay_ms < least_delay_ms)
                delay_ms = least_delay_ms;
            move.to = KOL_JOB_SCHEDULED;
            move.due_at_ms = now_ms + delay_ms / wait_divisor;
        }
        break;
    case KOL_NEXT_PAUSE:
        move.to = KOL_JOB_PAUSED;
        move.attempt = job->attempt;
        break;
    case KOL_NEXT_STOP: /* shutting down, or fenced already: no attempt is burnt */
        move.to = KOL_JOB_READY;
        move.attempt = job->attempt;
        break;
    case KOL_NEXT_GIVE_UP:
    case KOL_NEXT_DONE:
        break;
    }
    *ret_state = move.to;
    return move_job(db, job, &move, now_ms, err);
}

/* ---- giving back what dead owners held ---- */

struct held {
    int64_t id, token;
    int crashes;
};

static void read_held(struct kol_arena *a, struct kol_stmt *st, void *row)
{
    (void)a;
    *(struct held *)row =
        (struct held){kol_col_int(st, 0), kol_col_int(st, 1), (int)kol_col_int(st, 3)};
}

static enum kol_code give_back(struct kol_db *db, const struct held *held, bool crashed,
                               int64_t now_ms, struct kol_err *err)
{
    const int crashes = held->crashes + (crashed ? 1 : 0);
    const bool poison = crashes >= KOL_MAX_CRASHES;

    return kol_db_run(db, KOL_SQL_job_give_back,
                      KOL_ARGS(KOL_INT(held->id), KOL_INT(held->token),
                               KOL_TEXT(state_names[poison ? KOL_JOB_DEAD : KOL_JOB_READY]),
                               KOL_INT(crashes), KOL_TEXT(crashed ? "crashed" : NULL),
                               KOL_TEXT(crashed ? "the process that worked on it died" : NULL),
                               KOL_INT(now_ms)),
                      NULL, err);
}

static enum kol_code give_back_all(struct kol_db *db, enum kol_sql id, struct kol_args args,
                                   bool crashed, int64_t now_ms, int64_t *ret_count,
                                   struct kol_err *err)
{
    KOL_ARENA a = kol_arena_new(0);
    struct kol_rows rows;

    if (!a)
        return kol_fail(err, KOL_NO_MEMORY, "give back jobs: out of memory");
    enum kol_code code =
        kol_db_rows(db, a, id, args, sizeof(struct held), MAX_GIVEN_BACK, read_held, &rows, err);
    if (code != KOL_OK)
        return code;
    const struct held *list = rows.rows;
    for (size_t i = 0; i < rows.count && code == KOL_OK; i++)
        code = give_back(db, &list[i], crashed, now_ms, err);
    if (ret_count)
        *ret_count = (int64_t)rows.count;
    return code;
}

enum kol_code kol_queue_release_owner(struct kol_db *db, const char *owner, bool crashed,
                                      int64_t now_ms, int64_t *ret_count, struct kol_err *err)
{
    return give_back_all(db, KOL_SQL_job_running_of_owner, KOL_ARGS(KOL_TEXT(owner)), crashed,
                         now_ms, ret_count, err);
}

enum kol_code kol_queue_reap(struct kol_db *db, int64_t now_ms, int64_t *ret_count,
                             struct kol_err *err)
{
    return give_back_all(db, KOL_SQL_job_running_expired,
                         KOL_ARGS(KOL_TEXT(kol_boot_id()), KOL_INT(kol_boot_ms())), true, now_ms,
                         ret_count, err);
}

/* ---- operators ---- */

enum kol_code kol_queue_list(struct kol_db *db, struct kol_arena *a,
                             const struct kol_job_filter *filter, struct kol_job **ret,
                             size_t *ret_count, struct kol_err *err)
{
    const size_t limit = filter->limit > 0 && filter->limit < 200 ? (size_t)filter->limit : 200;
    struct kol_rows rows;
    enum kol_code code = kol_db_rows(db, a, KOL_SQL_job_list,
                                     KOL_ARGS(KOL_INT(filter->business_id), KOL_TEXT(filter->state),
                                              KOL_TEXT(filter->stage), KOL_TEXT(filter->call_sid),
                                              KOL_INT(filter->before_id), KOL_INT(limit)),
                                     sizeof(struct kol_job), limit, read_job, &rows, err);

    if (code != KOL_OK)
        return code;
    *ret = rows.rows;
    *ret_count = rows.count;
    return KOL_OK;
}

static enum kol_code change_by_operator(struct kol_db *db, enum kol_sql id, int64_t job_id,
                                        const char *verb, int64_t now_ms, struct kol_err *err)
{
    int64_t changes = 0;
    enum kol_code code =
        kol_db_run(db, id, KOL_ARGS(KOL_INT(job_id), KOL_INT(now_ms)), &changes, err);

    if (code != KOL_OK || changes > 0)
        return code;
    code = kol_db_get_int(db, KOL_SQL_job_by_id, KOL_ARGS(KOL_INT(job_id)), 0, &changes, err);
    if (code != KOL_OK)
        return code;
    if (changes == 0)
        return kol_fail(err, KOL_NOT_FOUND, "there is no job %lld", (long long)job_id);
    return kol_fail(err, KOL_CONFLICT, "job %lld cannot be %s in its state", (long long)job_id,
                    verb);
}

enum kol_code kol_queue_retry(struct kol_db *db, int64_t id, int64_t now_ms, struct kol_err *err)
{
    return change_by_operator(db, KOL_SQL_job_retry, id, "tried again", now_ms, err);
}

enum kol_code kol_queue_cancel(struct kol_db *db, int64_t id, int64_t now_ms, struct kol_err *err)
{
    return change_by_operator(db, KOL_SQL_job_cancel, id, "cancelled", now_ms, err);
}

enum kol_code kol_queue_resume(struct kol_db *db, const char *error_code, const char *account_sid,
                               int64_t now_ms, int64_t *ret_count, struct kol_err *err)
{
    return kol_db_run(db, KOL_SQL_job_resume,
                      KOL_ARGS(KOL_TEXT(error_code), KOL_INT(now_ms), KOL_TEXT(account_sid)),
                      ret_count, err);
}

enum kol_code kol_queue_resume_of(struct kol_db *db, int64_t business_id, const char *error_code,
                                  int64_t now_ms, struct kol_err *err)
{
    return kol_db_run(db, KOL_SQL_job_resume_of,
                      KOL_ARGS(KOL_TEXT(error_code), KOL_INT(now_ms), KOL_INT(business_id)), NULL,
                      err);
}

enum kol_code kol_queue_hurry(struct kol_db *db, const char *kind, const char *stage,
                              const char *subject, int64_t now_ms, struct kol_err *err)
{
    return kol_db_run(db, KOL_SQL_job_hurry,
                      KOL_ARGS(KOL_TEXT(kind), KOL_TEXT(stage), KOL_TEXT(subject), KOL_INT(now_ms)),
                      NULL, err);
}

static void read_count(struct kol_arena *a, struct kol_stmt *st, void *row)
{
    *(struct kol_queue_count *)row = (struct kol_queue_count){
        .stage = kol_col_dup(a, st, 0),
        .state = kol_col_dup(a, st, 1),
        .count = kol_col_int(st, 2),
        .oldest_due_at_ms = kol_col_int(st, 3),
    };
}

enum kol_code kol_queue_counts(struct kol_db *db, struct kol_arena *a, struct kol_queue_count **ret,
                               size_t *ret_count, struct kol_err *err)
{
    struct kol_rows rows;
    enum kol_code code =
        kol_db_rows(db, a, KOL_SQL_job_counts, KOL_NO_ARGS, sizeof(struct kol_queue_count),
                    MAX_COUNTS, read_count, &rows, err);

    if (code != KOL_OK)
        return code;
    *ret = rows.rows;
    *ret_count = rows.count;
    return KOL_OK;
}
