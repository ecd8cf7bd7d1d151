#include "store/writer.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#define MAX_GROUP 256           /* changes in one transaction */
#define STUCK_MS 2000           /* another process may hold the lock that long */
#define LOCK_POLL_MS 2          /* flock has no time-out: try, sleep, try */
#define CHECKPOINT_COMMITS 200  /* at the latest after so many commits ... */
#define CHECKPOINT_IDLE_MS 1000 /* ... or when nothing was written for so long */
#define READERS_KEPT 16

/* An fsync that failed must not be tried again: the kernel may have dropped the pages. */
#define EXIT_SYNC_FAILED 74

struct kol_writer {
    char *dsn;
    int lock_fd;
    struct kol_db *db;
    struct kol_writer_options options;
    pthread_t thread;

    pthread_mutex_t mutex; /* guards the queue, stopping and the readers */
    pthread_cond_t wake;
    struct kol_write_op *head, **tail;
    bool stopping;
    struct kol_db *readers[READERS_KEPT];
    int reader_count;

    int64_t commits_since_checkpoint; /* writer thread only */
    _Atomic int64_t commits, changes, failed_commits, checkpoints;
};

/* ---- the lock between processes ---- */

static pid_t lock_holder(const struct kol_writer *w)
{
    char text[16] = "";
    ssize_t n = pread(w->lock_fd, text, sizeof(text) - 1, 0);
    int64_t pid = 0;

    if (n > 0)
        text[n] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return kol_parse_i64(text, &pid) ? (pid_t)pid : 0;
}

static enum kol_code take_lock(struct kol_writer *w, struct kol_err *err)
{
    int64_t since = kol_boot_ms();
    bool reported = false;

    while (flock(w->lock_fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return kol_fail(err, KOL_IO, "lock the database: %s", strerror(errno));
        if (!reported && kol_boot_ms() - since > STUCK_MS && w->options.on_stuck) {
            w->options.on_stuck(lock_holder(w), w->options.on_stuck_arg);
            reported = true;
        }
        if (kol_boot_ms() - since > 5 * STUCK_MS)
            return kol_fail(err, KOL_DB_BUSY,
                            "process %d has held the database's write lock for %d s",
                            (int)lock_holder(w), 5 * STUCK_MS / 1000);
        kol_sleep_ms(LOCK_POLL_MS);
    }
    char text[16];
    int n = snprintf(text, sizeof(text), "%-14d\n", (int)getpid());
    /* Only a hint for whoever waits: failing to leave it (a full disk) must not stop the write. */
    if (pwrite(w->lock_fd, text, (size_t)n, 0) < 0)
        kol_debug("write.lock: %s", strerror(errno));
    return KOL_OK;
}

static void drop_lock(struct kol_writer *w)
{
    flock(w->lock_fd, LOCK_UN);
}

/* ---- group commit ---- */

static void run_change(struct kol_writer *w, struct kol_write_op *op)
{
    memset(&op->err, 0, sizeof(op->err));
    op->code = kol_db_savepoint(w->db, &op->err);
    if (op->code != KOL_OK)
        return;
    op->code = op->fn(w->db, op->arg, &op->err);
    if (op->code == KOL_OK)
        op->code = kol_db_release(w->db, &op->err);
    if (op->code != KOL_OK)
        kol_db_rollback_to(w->db);
}

/* Runs the group in one transaction. On failure every change of it has failed. */
static enum kol_code run_group(struct kol_writer *w, struct kol_write_op *group,
                               struct kol_err *err)
{
    enum kol_code code = kol_db_begin(w->db, err);

    if (code != KOL_OK)
        return code;
    for (struct kol_write_op *op = group; op; op = op->next) {
        run_change(w, op);
        if (!kol_db_in_transaction(w->db)) { /* the engine took back the whole group */
            if (err)
                *err = op->err;
            return op->code;
        }
    }
    code = kol_db_commit(w->db, err);
    if (code != KOL_OK)
        kol_db_rollback(w->db);
    return code;
}

static void commit_group(struct kol_writer *w, struct kol_write_op *group)
{
    struct kol_err err = {0};
    enum kol_code code = take_lock(w, &err);

    if (code == KOL_OK) {
        code = run_group(w, group, &err);
        drop_lock(w);
    }
    if (code == KOL_OK) {
        w->commits++;
        w->commits_since_checkpoint++;
    } else {
        w->failed_commits++;
        if (code == KOL_SYNC_FAILED) {
            kol_error("the disk refused to sync (%s): stopping, so that nothing is claimed stored",
                      err.msg);
            _exit(EXIT_SYNC_FAILED);
        }
    }
    while (group) {
        struct kol_write_op *op = group;

        group = op->next; /* op may be freed by done */
        if (code != KOL_OK && op->code == KOL_OK) {
            op->code = code;
            op->err = err;
        }
        w->changes += op->code == KOL_OK;
        op->done(op);
    }
}

/* empty: nothing else is waiting, so there is time to leave no old words in the log. */
static void checkpoint(struct kol_writer *w, bool empty)
{
    struct kol_err err = {0};

    if (take_lock(w, &err) != KOL_OK)
        return;
    if (kol_db_checkpoint(w->db, empty, &err) != KOL_OK)
        kol_debug("checkpoint: %s", err.msg);
    drop_lock(w);
    w->commits_since_checkpoint = 0;
    w->checkpoints++;
}

/* ---- the thread ---- */

static void wait_for_work(struct kol_writer *w)
{
    struct timespec until;

    while (!w->head && !w->stopping) {
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += CHECKPOINT_IDLE_MS / 1000;
        if (pthread_cond_timedwait(&w->wake, &w->mutex, &until) == ETIMEDOUT)
            return;
    }
}

/* Takes up to MAX_GROUP changes off the queue. The mutex is held. */
static struct kol_write_op *take_group(struct kol_writer *w)
{
    struct kol_write_op *group = w->head;
    struct kol_write_op **end = &w->head;

    for (int n = 0; *end && n < MAX_GROUP; n++)
        end = &(*end)->next;
    w->head = *end;
    *end = NULL;
    if (!w->head)
        w->tail = &w->head;
    return group;
}

static void *writer_main(void *arg)
{
    struct kol_writer *w = arg;

    pthread_mutex_lock(&w->mutex);
    for (;;) {
        wait_for_work(w);
        struct kol_write_op *group = w->head ? take_group(w) : NULL;
        bool idle = !group;

        if (idle && w->stopping)
            break;
        pthread_mutex_unlock(&w->mutex);
        if (group)
            commit_group(w, group);
        if (w->commits_since_checkpoint >= CHECKPOINT_COMMITS ||
            (idle && w->commits_since_checkpoint > 0))
            checkpoint(w, idle);
        pthread_mutex_lock(&w->mutex);
    }
    pthread_mutex_unlock(&w->mutex);
    if (w->commits_since_checkpoint > 0)
        checkpoint(w, true);
    return NULL;
}

/* ---- life ---- */

static void writer_free(struct kol_writer *w)
{
    for (int i = 0; i < w->reader_count; i++)
        kol_db_close(w->readers[i]);
    kol_db_close(w->db);
    if (w->lock_fd >= 0)
        close(w->lock_fd);
    pthread_mutex_destroy(&w->mutex);
    pthread_cond_destroy(&w->wake);
    free(w->dsn);
    free(w);
}

static enum kol_code writer_open(struct kol_writer *w, const char *data_dir, struct kol_err *err)
{
    KOL_CLEANUP(kol_free_str) char *lock_path = NULL;
    enum kol_code code = kol_mkdir_p(data_dir, 0700, err);

    if (code != KOL_OK)
        return code;
    if (asprintf(&lock_path, "%s/write.lock", data_dir) < 0) {
        lock_path = NULL;
        return kol_fail(err, KOL_NO_MEMORY, "open the database: out of memory");
    }
    const int made = w->options.dsn ? asprintf(&w->dsn, "%s", w->options.dsn)
                                    : asprintf(&w->dsn, "%s/kol.db", data_dir);
    if (made < 0) {
        w->dsn = NULL;
        return kol_fail(err, KOL_NO_MEMORY, "open the database: out of memory");
    }
    w->lock_fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (w->lock_fd < 0)
        return kol_fail(err, kol_code_from_errno(errno), "open %s: %s", lock_path, strerror(errno));

    /* Recovery of a crashed process's log and migrations are writes: under the lock too. */
    code = take_lock(w, err);
    if (code != KOL_OK)
        return code;
    code = kol_db_open(w->dsn, KOL_DB_WRITE, &w->db, err);
    if (code == KOL_OK)
        code = kol_db_migrate(w->db, err);
    drop_lock(w);
    return code;
}

static void init_sync(struct kol_writer *w)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&w->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&w->mutex, NULL);
}

enum kol_code kol_writer_start(const char *data_dir, const struct kol_writer_options *options,
                               struct kol_writer **ret, struct kol_err *err)
{
    struct kol_writer *w = calloc(1, sizeof(*w));

    if (!w)
        return kol_fail(err, KOL_NO_MEMORY, "open the database: out of memory");
    w->lock_fd = -1;
    w->tail = &w->head;
    if (options)
        w->options = *options;
    init_sync(w);
    enum kol_code code = writer_open(w, data_dir, err);
    if (code == KOL_OK && pthread_create(&w->thread, NULL, writer_main, w) != 0)
        code = kol_fail(err, KOL_NO_MEMORY, "start the writer thread: %s", strerror(errno));
    if (code != KOL_OK) {
        writer_free(w);
        return code;
    }
    *ret = w;
    return KOL_OK;
}

void kol_writer_stop(struct kol_writer *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->mutex);
    w->stopping = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->mutex);
    pthread_join(w->thread, NULL);
    writer_free(w);
}

const char *kol_writer_dsn(const struct kol_writer *w)
{
    return w->dsn;
}

/* ---- submitting ---- */

void kol_write_async(struct kol_writer *w, struct kol_write_op *op)
{
    op->next = NULL;
    op->code = KOL_OK;
    pthread_mutex_lock(&w->mutex);
    *w->tail = op;
    w->tail = &op->next;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->mutex);
}

struct waiting_op {
    struct kol_write_op op;
    pthread_mutex_t mutex;
    pthread_cond_t done;
    bool finished;
};

static void waiting_done(struct kol_write_op *op)
{
    struct waiting_op *wait = (struct waiting_op *)(void *)op;

    pthread_mutex_lock(&wait->mutex);
    wait->finished = true;
    pthread_cond_signal(&wait->done);
    pthread_mutex_unlock(&wait->mutex);
}

enum kol_code kol_write(struct kol_writer *w, kol_write_fn fn, void *arg, struct kol_err *err)
{
    struct waiting_op wait = {
        .op = {.fn = fn, .arg = arg, .done = waiting_done},
        .mutex = PTHREAD_MUTEX_INITIALIZER,
        .done = PTHREAD_COND_INITIALIZER,
    };

    kol_write_async(w, &wait.op);
    pthread_mutex_lock(&wait.mutex);
    while (!wait.finished)
        pthread_cond_wait(&wait.done, &wait.mutex);
    pthread_mutex_unlock(&wait.mutex);
    if (wait.op.code != KOL_OK && err)
        *err = wait.op.err;
    return wait.op.code;
}

/* ---- readers ---- */

struct kol_db *kol_reader_borrow(struct kol_writer *w, struct kol_err *err)
{
    struct kol_db *db = NULL;

    pthread_mutex_lock(&w->mutex);
    if (w->reader_count > 0)
        db = w->readers[--w->reader_count];
    pthread_mutex_unlock(&w->mutex);
    if (db)
        return db;
    return kol_db_open(w->dsn, KOL_DB_READ, &db, err) == KOL_OK ? db : NULL;
}

void kol_reader_return(struct kol_writer *w, struct kol_db *db)
{
    if (!db)
        return;
    pthread_mutex_lock(&w->mutex);
    if (w->reader_count < READERS_KEPT) {
        w->readers[w->reader_count++] = db;
        db = NULL;
    }
    pthread_mutex_unlock(&w->mutex);
    kol_db_close(db);
}

void kol_writer_stats(const struct kol_writer *w, struct kol_writer_stats *ret)
{
    ret->commits = w->commits;
    ret->changes = w->changes;
    ret->failed_commits = w->failed_commits;
    ret->checkpoints = w->checkpoints;
}
