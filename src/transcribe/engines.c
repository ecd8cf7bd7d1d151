#include "transcribe/engines.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "conf/choice.h"
#include "transcribe/pull.h"
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_MOST = 4096 };

/* Which bytes were loaded: a file that was replaced or written to has another mark. */
struct mark {
    char path[PATH_MOST];
    struct timespec changed;
    ino_t inode;
    off_t size;
};

struct kol_engines {
    const struct kol_conf *conf;
    pthread_mutex_t lock;  /* guards all below; held while loading */
    pthread_cond_t tested; /* testing became false */
    bool testing;          /* one of the users is the self-test, which is soon over */
    struct kol_transcriber *main, *hebrew;
    struct mark main_mark, hebrew_mark, vad_mark; /* hebrew: path "" when the same */
    int users;
    int64_t idle_since_ms;
};

static bool same_mark(const struct mark *a, const struct mark *b)
{
    return kol_streq(a->path, b->path) && a->inode == b->inode && a->size == b->size &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

static struct mark mark_of(const char *path)
{
    struct mark m = {0};
    struct stat st;

    snprintf(m.path, sizeof m.path, "%s", path);
    if (stat(path, &st) == 0) {
        m.changed = st.st_mtim;
        m.inode = st.st_ino;
        m.size = st.st_size;
    }
    return m;
}

/* ---- loading ---- */

static const char *engine_name(const struct kol_conf *conf)
{
    switch (conf->engine) {
    case KOL_ENGINE_AUTO:
        return "auto";
    case KOL_ENGINE_NATIVE:
        return "native";
    case KOL_ENGINE_WHISPER:
        return "whisper";
    case KOL_ENGINE_OPENAI:
        return "openai";
    }
    return "auto";
}

static enum kol_code load(const struct kol_conf *conf, const char *path, const char *vad_path,
                          struct kol_transcriber **ret, struct kol_err *err)
{
    const struct kol_transcriber_conf options = {
        .engine = engine_name(conf),
        .model_path = path,
        .conf = conf,
        .vad_path = vad_path,
        .decode_program = kol_str_empty(conf->decode_program) ? NULL : conf->decode_program,
        .threads = (int)conf->worker_threads,
    };
    return kol_transcriber_open(&options, ret, err);
}

/* Lock held. */
static void unload(struct kol_engines *e)
{
    kol_transcriber_close(e->main);
    kol_transcriber_close(e->hebrew);
    e->main = e->hebrew = NULL;
    malloc_trim(0); /* what was freed goes back to the system */
}

struct wanted {
    struct mark main, hebrew, vad;
};

static enum kol_code find_wanted(const struct kol_engines *e, struct wanted *ret,
                                 struct kol_err *err)
{
    KOL_ARENA a = kol_arena_new(0);
    struct kol_models models;

    if (!a)
        return kol_fail(err, KOL_NO_MEMORY, "load the model: out of memory");
    enum kol_code code = kol_models_in_use(a, e->conf, &models, err);
    if (code != KOL_OK)
        return code;
    const char *main = kol_model_path(a, e->conf, models.model);
    const char *hebrew = kol_model_path(a, e->conf, models.model_he);
    const char *vad = kol_model_path(a, e->conf, e->conf->vad_model);
    if (!main || !hebrew || !vad)
        return kol_fail(err, KOL_NO_MEMORY, "load the model: out of memory");
    *ret = (struct wanted){.main = mark_of(main), .vad = mark_of(vad)};
    if (e->conf->engine == KOL_ENGINE_OPENAI) {
        ret->main = (struct mark){.path = "openai"}; /* its models are not ours to watch */
        return KOL_OK;
    }
    if (!kol_streq(main, hebrew))
        ret->hebrew = mark_of(hebrew);
    return KOL_OK;
}

/* Lock held, nobody at work. */
static enum kol_code load_wanted(struct kol_engines *e, const struct wanted *w, struct kol_err *err)
{
    const bool again = e->main != NULL;

    unload(e);
    enum kol_code code = load(e->conf, w->main.path, w->vad.path, &e->main, err);
    if (code == KOL_OK && *w->hebrew.path)
        code = load(e->conf, w->hebrew.path, w->vad.path, &e->hebrew, err);
    if (code != KOL_OK) {
        unload(e);
        return code;
    }
    e->main_mark = w->main;
    e->hebrew_mark = w->hebrew;
    e->vad_mark = w->vad;
    if (again)
        kol_info("the speech model was loaded anew: %s (engine %s)", kol_transcriber_model(e->main),
                 kol_transcriber_engine(e->main));
    return KOL_OK;
}

/* Lock held. */
static enum kol_code make_ready(struct kol_engines *e, struct kol_err *err)
{
    struct wanted w;
    enum kol_code code = e->users > 0 ? KOL_OK : find_wanted(e, &w, err);

    if (code != KOL_OK || e->users > 0)
        return code;
    if (e->main && same_mark(&w.main, &e->main_mark) && same_mark(&w.hebrew, &e->hebrew_mark) &&
        same_mark(&w.vad, &e->vad_mark))
        return KOL_OK;
    return load_wanted(e, &w, err);
}

/* ---- life ---- */

enum kol_code kol_engines_open(const struct kol_conf *conf, struct kol_engines **ret,
                               struct kol_err *err)
{
    struct kol_engines *e = calloc(1, sizeof(*e));

    if (!e)
        return kol_fail(err, KOL_NO_MEMORY, "load the model: out of memory");
    e->conf = conf;
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->tested, NULL);
    e->idle_since_ms = kol_boot_ms();
    enum kol_code code = make_ready(e, err);
    if (code != KOL_OK) {
        kol_engines_close(e);
        return code;
    }
    *ret = e;
    return KOL_OK;
}

void kol_engines_close(struct kol_engines *e)
{
    if (!e)
        return;
    unload(e);
    pthread_cond_destroy(&e->tested);
    pthread_mutex_destroy(&e->lock);
    free(e);
}

enum kol_code kol_engines_take(struct kol_engines *e, struct kol_engines_taken *ret,
                               struct kol_err *err)
{
    pthread_mutex_lock(&e->lock);
    while (e->testing)
        pthread_cond_wait(&e->tested, &e->lock);
    enum kol_code code = make_ready(e, err);
    if (code == KOL_OK) {
        e->users++;
        *ret = (struct kol_engines_taken){e->main, e->hebrew};
    }
    pthread_mutex_unlock(&e->lock);
    return code;
}

void kol_engines_give_back(struct kol_engines *e)
{
    pthread_mutex_lock(&e->lock);
    e->users--;
    e->idle_since_ms = kol_boot_ms();
    pthread_mutex_unlock(&e->lock);
}

void kol_engines_tick(struct kol_engines *e)
{
    const int64_t after_ms = e->conf->model_idle_unload_s * 1000 / e->conf->test_wait_divisor;

    if (e->conf->model_idle_unload_s == 0)
        return;
    pthread_mutex_lock(&e->lock);
    if (e->main && e->users == 0 && kol_boot_ms() - e->idle_since_ms >= after_ms) {
        kol_info("the speech model was idle for %lld s and leaves the memory",
                 (long long)e->conf->model_idle_unload_s);
        unload(e);
    }
    pthread_mutex_unlock(&e->lock);
}

enum kol_code kol_engines_selftest(struct kol_engines *e, char ret_model[static 64],
                                   struct kol_err *err)
{
    *ret_model = '\0';
    pthread_mutex_lock(&e->lock);
    const bool idle = e->main && e->users == 0;
    e->users += idle;
    e->testing = idle;
    pthread_mutex_unlock(&e->lock);
    if (!idle)
        return KOL_OK;
    snprintf(ret_model, 64, "%s", kol_transcriber_model(e->main));
    const enum kol_code code = kol_transcriber_selftest(e->main, err);
    pthread_mutex_lock(&e->lock); /* a self-test is no work: the idle time goes on */
    e->users--;
    e->testing = false;
    pthread_cond_broadcast(&e->tested);
    pthread_mutex_unlock(&e->lock);
    return code;
}
