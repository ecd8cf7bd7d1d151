#include "transcribe/batch.h"

#include "transcribe/readable.h"

#include <pthread.h>

enum { AT_ONCE = 2, AT_ONCE_MAX = 16 };

struct batch {
    struct kol_transcriber *t;
    const struct kol_batch *conf;
    pthread_mutex_t lock; /* guards next and failed, and is held around every callback */
    size_t next, failed;
    bool stopped;
};

struct one { /* a recording at work */
    struct batch *batch;
    size_t index;
};

static bool ask_stop(void *user)
{
    struct one *one = user;
    struct batch *b = one->batch;
    const struct kol_transcribe_options *options = b->conf->options;

    if (!options->stop)
        return false;
    pthread_mutex_lock(&b->lock);
    if (!b->stopped)
        b->stopped = options->stop(options->user);
    bool stopped = b->stopped;
    pthread_mutex_unlock(&b->lock);
    return stopped;
}

static void tell(int64_t done_ms, int64_t total_ms, void *user)
{
    struct one *one = user;
    struct batch *b = one->batch;

    if (!b->conf->progress)
        return;
    pthread_mutex_lock(&b->lock);
    b->conf->progress(one->index, done_ms, total_ms, b->conf->user);
    pthread_mutex_unlock(&b->lock);
}

static void report(struct one *one, const struct kol_transcript *t, const struct kol_err *err)
{
    struct batch *b = one->batch;

    pthread_mutex_lock(&b->lock);
    b->failed += t == NULL;
    if (t || err->code != KOL_CANCELLED)
        b->conf->done(one->index, t, err, b->conf->user);
    pthread_mutex_unlock(&b->lock);
}

static void transcribe(struct one *one)
{
    struct batch *b = one->batch;
    struct kol_transcribe_options options = *b->conf->options;
    struct kol_transcript transcript;
    struct kol_err err = {0};
    KOL_ARENA a = kol_arena_new(0);

    options.stop = ask_stop;
    options.progress = tell;
    options.user = one;
    enum kol_code code =
        a ? kol_transcribe_file(b->t, a, b->conf->paths[one->index], &options, &transcript, &err)
          : kol_fail(&err, KOL_NO_MEMORY, "out of memory");
    if (code == KOL_OK)
        code = kol_transcript_readable(a, &transcript, &err);
    report(one, code == KOL_OK ? &transcript : NULL, &err);
}

static bool take(struct batch *b, size_t *ret_index)
{
    pthread_mutex_lock(&b->lock);
    bool any = !b->stopped && b->next < b->conf->count;
    *ret_index = b->next;
    b->next += any;
    pthread_mutex_unlock(&b->lock);
    return any;
}

static void *work(void *arg)
{
    struct one one = {.batch = arg};

    while (take(one.batch, &one.index))
        transcribe(&one);
    return NULL;
}

size_t kol_transcribe_batch(struct kol_transcriber *t, const struct kol_batch *conf)
{
    struct batch b = {.t = t, .conf = conf};
    pthread_t threads[AT_ONCE_MAX];
    int wanted = conf->at_once > 0 ? conf->at_once : AT_ONCE, running = 0;

    if (wanted > AT_ONCE_MAX)
        wanted = AT_ONCE_MAX;
    if ((size_t)wanted > conf->count)
        wanted = (int)conf->count;
    pthread_mutex_init(&b.lock, NULL);
    /* One of them is this thread: without threads to be had the work is still done. */
    while (running < wanted - 1 && pthread_create(&threads[running], NULL, work, &b) == 0)
        running++;
    work(&b);
    while (running > 0)
        pthread_join(threads[--running], NULL);
    pthread_mutex_destroy(&b.lock);
    return b.failed;
}
