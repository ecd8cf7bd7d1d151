#include "transcribe/pool.h"

#include "base/clock.h"
#include <stdlib.h>
#include <time.h>

/* A worker stays with a call, whose session it has, but not for longer than this while others wait.
 */
#define STREAK_MAX 8

struct kol_pool {
    pthread_mutex_t lock;    /* guards all below and the lists of every group */
    pthread_cond_t work;     /* a task was added, a group ended, or closing */
    pthread_cond_t finished; /* a task was finished */
    struct kol_task *first, *last;
    struct kol_group *open_groups;
    uint64_t last_id;
    bool closing;
    struct kol_engine *engine;
    const char *vad_path;
    int threads;
    pthread_t thread[];
};

/* ---- Groups ---- */

bool kol_group_stopped(const struct kol_group *g)
{
    if (atomic_load_explicit(&g->abort, memory_order_relaxed))
        return true;
    return g->deadline_ms > 0 && kol_boot_ms() >= g->deadline_ms;
}

void kol_group_begin(struct kol_group *g, struct kol_pool *p)
{
    *g = (struct kol_group){.pool = p};
    atomic_init(&g->abort, false);
    pthread_mutex_lock(&p->lock);
    g->id = ++p->last_id;
    g->next_open = p->open_groups;
    p->open_groups = g;
    pthread_mutex_unlock(&p->lock);
}

void kol_group_end(struct kol_group *g)
{
    struct kol_pool *p = g->pool;

    if (!p)
        return;
    atomic_store(&g->abort, true);
    while (kol_group_out(g) > 0)
        kol_group_next(g, 1000);

    pthread_mutex_lock(&p->lock);
    for (struct kol_group **at = &p->open_groups; *at; at = &(*at)->next_open)
        if (*at == g) {
            *at = g->next_open;
            break;
        }
    pthread_cond_broadcast(&p->work); /* idle workers let go of this call's sessions */
    pthread_mutex_unlock(&p->lock);
    g->pool = NULL;
}

size_t kol_group_out(struct kol_group *g)
{
    pthread_mutex_lock(&g->pool->lock);
    size_t out = g->out;
    pthread_mutex_unlock(&g->pool->lock);
    return out;
}

void kol_pool_add(struct kol_group *g, struct kol_task *task)
{
    struct kol_pool *p = g->pool;

    task->group = g;
    task->next = NULL;
    pthread_mutex_lock(&p->lock);
    if (p->last)
        p->last->next = task;
    else
        p->first = task;
    p->last = task;
    g->out++;
    pthread_cond_signal(&p->work);
    pthread_mutex_unlock(&p->lock);
}

static struct timespec in_ms(int ms)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

/* Lock held. */
static struct kol_task *take_done(struct kol_group *g)
{
    struct kol_task *task = g->done_first;

    if (!task)
        return NULL;
    g->done_first = task->next;
    if (!g->done_first)
        g->done_last = NULL;
    g->out--;
    return task;
}

static struct kol_task *wait_done(struct kol_group *g, int wait_ms)
{
    struct kol_pool *p = g->pool;
    struct timespec until = in_ms(wait_ms);

    pthread_mutex_lock(&p->lock);
    while (!g->done_first && g->out > 0)
        if (pthread_cond_timedwait(&p->finished, &p->lock, &until) != 0)
            break;
    struct kol_task *task = take_done(g);
    pthread_mutex_unlock(&p->lock);
    return task;
}

struct kol_task *kol_group_next(struct kol_group *g, int wait_ms)
{
    for (;;) {
        int slice = wait_ms < 100 ? wait_ms : 100;
        if (g->poll)
            g->poll(g, g->user);
        struct kol_task *task = wait_done(g, slice);
        wait_ms -= slice;
        if (task || wait_ms <= 0)
            return task;
    }
}

/* ---- Workers ---- */

static void drop_session(struct kol_worker *w)
{
    kol_session_close(w->session);
    w->session = NULL;
    w->session_of = 0;
    w->streak = 0;
}

enum kol_code kol_worker_session(struct kol_worker *w, const struct kol_task *task,
                                 struct kol_session **ret, struct kol_err *err)
{
    if (w->session_of != task->group->id) {
        drop_session(w);
        enum kol_code code = kol_session_open(w->engine, &w->session, err);
        if (code != KOL_OK)
            return code;
        w->session_of = task->group->id;
    }
    *ret = w->session;
    return KOL_OK;
}

enum kol_code kol_worker_vad(struct kol_worker *w, struct kol_vad **ret, struct kol_err *err)
{
    if (!w->vad) {
        enum kol_code code = kol_vad_open(w->vad_path, &w->vad, err);
        if (code != KOL_OK)
            return code;
    }
    *ret = w->vad;
    return KOL_OK;
}

static bool group_is_open(const struct kol_pool *p, uint64_t id)
{
    for (const struct kol_group *g = p->open_groups; g; g = g->next_open)
        if (g->id == id)
            return true;
    return false;
}

/* Lock held. The oldest task of the worker's own call, else the oldest of all. */
static struct kol_task *pick(struct kol_pool *p, struct kol_worker *w)
{
    struct kol_task *before = NULL, *task = p->first;

    if (!task)
        return NULL;
    if (w->session_of && w->streak < STREAK_MAX)
        while (task && task->group->id != w->session_of) {
            before = task;
            task = task->next;
        }
    if (!task) {
        before = NULL;
        task = p->first;
    }
    w->streak = task->group->id == w->session_of ? w->streak + 1 : 0;

    if (before)
        before->next = task->next;
    else
        p->first = task->next;
    if (p->last == task)
        p->last = before;
    task->next = NULL;
    return task;
}

static void run_task(struct kol_worker *w, struct kol_task *task)
{
    struct kol_group *g = task->group;

    if (atomic_load(&g->abort))
        task->code = kol_fail(&task->err, KOL_CANCELLED, "transcription was stopped");
    else if (kol_group_stopped(g))
        task->code = kol_fail(&task->err, KOL_OVERDUE, "transcription took too long");
    else
        task->code = task->run(task, w, &task->err);
}

/* Lock held. */
static void hand_back(struct kol_pool *p, struct kol_task *task)
{
    struct kol_group *g = task->group;

    task->next = NULL;
    if (g->done_last)
        g->done_last->next = task;
    else
        g->done_first = task;
    g->done_last = task;
    pthread_cond_broadcast(&p->finished);
}

static void *work(void *arg)
{
    struct kol_pool *p = arg;
    struct kol_worker w = {.engine = p->engine, .vad_path = p->vad_path};

    pthread_mutex_lock(&p->lock);
    while (!p->closing) {
        struct kol_task *task = pick(p, &w);
        bool stale = !task && w.session_of && !group_is_open(p, w.session_of);
        if (!task && !stale) {
            pthread_cond_wait(&p->work, &p->lock);
            continue;
        }
        pthread_mutex_unlock(&p->lock); /* neither a run nor freeing a session may hold others up */
        if (task)
            run_task(&w, task);
        else
            drop_session(&w);
        pthread_mutex_lock(&p->lock);
        if (task)
            hand_back(p, task);
    }
    pthread_mutex_unlock(&p->lock);

    drop_session(&w);
    kol_vad_close(w.vad);
    return NULL;
}

/* ---- Opening ---- */

static void init_sync(struct kol_pool *p)
{
    pthread_condattr_t attr;

    pthread_mutex_init(&p->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&p->work, NULL);
    pthread_cond_init(&p->finished, &attr);
    pthread_condattr_destroy(&attr);
}

enum kol_code kol_pool_open(int threads, struct kol_engine *engine, const char *vad_path,
                            struct kol_pool **ret, struct kol_err *err)
{
    struct kol_pool *p = calloc(1, sizeof(*p) + (size_t)threads * sizeof(p->thread[0]));

    if (!p)
        return kol_fail(err, KOL_NO_MEMORY, "start speech threads: out of memory");
    init_sync(p);
    p->engine = engine;
    p->vad_path = vad_path;
    for (; p->threads < threads; p->threads++)
        if (pthread_create(&p->thread[p->threads], NULL, work, p) != 0) {
            kol_pool_close(p);
            return kol_fail(err, KOL_NO_MEMORY, "start speech threads: no more threads to be had");
        }
    *ret = p;
    return KOL_OK;
}

void kol_pool_close(struct kol_pool *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->closing = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < p->threads; i++)
        pthread_join(p->thread[i], NULL);

    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->work);
    pthread_cond_destroy(&p->finished);
    free(p);
}

int kol_pool_threads(const struct kol_pool *p)
{
    return p->threads;
}
