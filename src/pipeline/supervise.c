#include "pipeline/supervise.h"

#include "base/clock.h"
#include "base/log.h"
#include "transcribe/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define LOOK_MS 100        /* how often the child's end is looked for */
#define MODEL_LOOK_MS 5000 /* how often a missing model is looked for */
#define RESTART_LEAST_MS 500
#define RESTART_MOST_MS 60000
#define HEALTHY_MS 30000 /* a child that lived so long starts the back-off anew */
#define STOP_WITHIN_MS                                                                             \
    3000 /* a child that loads its model does not listen yet; its jobs are fenced */
#define CHILD_NICENESS 10

struct kol_supervisor {
    struct kol_supervisor_options options;
    pthread_t thread;
    atomic_bool stop;
    atomic_int child; /* pid, 0 when there is none */
    bool reported_missing;
    int64_t restart_ms;
};

/* ---- the child ---- */

/* Between fork and exec only calls that are safe there. The first victim when memory ends. */
static void become_worker(char *const *command, pid_t parent)
{
    sigset_t none;
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    if (fd >= 0 && write(fd, "1000", 4) < 0)
        setpriority(PRIO_PROCESS, 0, CHILD_NICENESS); /* the wish was refused: nothing to undo */
    setpriority(PRIO_PROCESS, 0, CHILD_NICENESS);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it died before the line above */
        _exit(0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execv(command[0], command);
    _exit(127);
}

static bool start_child(struct kol_supervisor *s)
{
    const pid_t parent = getpid();
    const pid_t pid = fork();

    if (pid == 0)
        become_worker(s->options.command, parent);
    if (pid < 0) {
        kol_log_event(KOL_EV_WORKER_NOT_STARTED, strerror(errno));
        return false;
    }
    atomic_store(&s->child, pid);
    kol_log_event(KOL_EV_WORKER_STARTED);
    return true;
}

/* ---- its end ---- */

struct give_back {
    bool crashed;
    int64_t count;
};

static enum kol_code give_back_change(struct kol_db *db, void *arg, struct kol_err *err)
{
    struct give_back *g = arg;

    return kol_queue_release_owner(db, KOL_CHILD_OWNER, g->crashed, kol_wall_ms(), &g->count, err);
}

static void give_back_jobs(struct kol_supervisor *s, bool crashed)
{
    struct give_back g = {.crashed = crashed};
    struct kol_err err = {0};

    if (kol_write(s->options.writer, give_back_change, &g, &err) != KOL_OK)
        kol_error("give back the worker's jobs: %s", err.msg);
}

/* True when the child was asked to stop and did, or left in good order. */
static bool log_end(int status)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    if (WIFSIGNALED(status))
        kol_warn("the worker was ended by signal %d (%s): starting it again", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        kol_warn("the worker ended with status %d: starting it again", WEXITSTATUS(status));
    return false;
}

/* Waits until the child has ended or the supervisor stops. Returns whether it ended in good order.
 */
static bool wait_for_child(struct kol_supervisor *s, int *ret_status)
{
    int64_t asked_ms = 0;
    const pid_t pid = atomic_load(&s->child);

    for (;;) {
        if (waitpid(pid, ret_status, WNOHANG) == pid)
            break;
        if (atomic_load(&s->stop) && !asked_ms) {
            kill(pid, SIGTERM);
            asked_ms = kol_boot_ms();
        }
        if (asked_ms && kol_boot_ms() - asked_ms > STOP_WITHIN_MS)
            kill(pid, SIGKILL);
        kol_sleep_ms(LOOK_MS);
    }
    atomic_store(&s->child, 0);
    return log_end(*ret_status) || asked_ms;
}

/* ---- the thread ---- */

static void pause_unless_stopped(struct kol_supervisor *s, int64_t ms)
{
    const int64_t until = kol_boot_ms() + ms;

    while (!atomic_load(&s->stop) && kol_boot_ms() < until)
        kol_sleep_ms(LOOK_MS);
}

/* A missing model stops neither intake nor playback: it is said once, and looked for. */
static bool model_is_there(struct kol_supervisor *s)
{
    struct kol_err err = {0};
    const bool there = kol_transcribe_check_model(s->options.conf, &err) == KOL_OK;

    atomic_store(s->options.offline_on, there);
    if (!there && !s->reported_missing)
        kol_log_event(KOL_EV_WORKER_NOT_STARTED, err.msg);
    s->reported_missing = !there;
    return there;
}

static void run_one_life(struct kol_supervisor *s)
{
    const int64_t since_ms = kol_boot_ms();
    int status = 0;

    if (!start_child(s)) {
        pause_unless_stopped(s, s->restart_ms);
        return;
    }
    const bool orderly = wait_for_child(s, &status);
    give_back_jobs(s, !orderly);
    if (kol_boot_ms() - since_ms > HEALTHY_MS)
        s->restart_ms = RESTART_LEAST_MS;
    pause_unless_stopped(s, s->restart_ms);
    s->restart_ms = s->restart_ms * 2 < RESTART_MOST_MS ? s->restart_ms * 2 : RESTART_MOST_MS;
}

static void *supervise(void *arg)
{
    struct kol_supervisor *s = arg;

    while (!atomic_load(&s->stop)) {
        if (model_is_there(s))
            run_one_life(s);
        else
            pause_unless_stopped(s, MODEL_LOOK_MS / s->options.conf->test_wait_divisor);
    }
    return NULL;
}

/* ---- life ---- */

enum kol_code kol_supervisor_start(const struct kol_supervisor_options *options,
                                   struct kol_supervisor **ret, struct kol_err *err)
{
    struct kol_supervisor *s = calloc(1, sizeof(*s));

    if (!s)
        return kol_fail(err, KOL_NO_MEMORY, "start the worker: out of memory");
    s->options = *options;
    s->restart_ms = RESTART_LEAST_MS;
    if (pthread_create(&s->thread, NULL, supervise, s) != 0) {
        free(s);
        return kol_fail(err, KOL_NO_MEMORY, "start the worker: %s", strerror(errno));
    }
    *ret = s;
    return KOL_OK;
}

void kol_supervisor_stop(struct kol_supervisor *s)
{
    if (!s)
        return;
    atomic_store(&s->stop, true);
    pthread_join(s->thread, NULL);
    free(s);
}

void kol_supervisor_kill(struct kol_supervisor *s, pid_t pid)
{
    if (!s || pid <= 0 || atomic_load(&s->child) != pid)
        return;
    kol_error("the worker has held the write lock for 2 s: killing it");
    kill(pid, SIGKILL);
}
