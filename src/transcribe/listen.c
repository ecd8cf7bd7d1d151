#include "transcribe/listen.h"

#include "base/cleanup.h"
#include "transcribe/filters.h"
#include "transcribe/words.h"
#include <stdlib.h>

enum {
    REST_MS = 2000, /* speech left over by the engine that is worth another run */
    RUNS_MAX = 3,   /* of the engine on one chunk */
    ARENA_BYTES = 64 << 20
};

static float *to_float(const struct kol_chunk *c)
{
    float *pcm = malloc((c->samples + 1) * sizeof(*pcm));

    for (size_t i = 0; pcm && i < c->samples; i++)
        pcm[i] = (float)c->pcm[i] / 32768.0F;
    return pcm;
}

static void free_floats(float **p)
{
    free(*p);
}

static bool task_should_stop(void *user)
{
    return kol_group_stopped(user);
}

/* Nobody speaks more than some eight tokens a second; a short chunk needs a short leash. */
static int token_cap(size_t samples)
{
    size_t cap = 24 + samples * 9 / KOL_PCM_RATE_HZ;

    return cap < 220 ? (int)cap : 0;
}

static double speech_prob(const struct kol_chunk *c, const struct kol_segment *s)
{
    const int64_t per_ms = KOL_PCM_RATE_HZ / 1000;
    int64_t at = s->start_ms * per_ms;
    double prob = 1;

    for (size_t i = 0; i < c->piece_count && c->pieces[i].call_at <= at; i++)
        prob = c->pieces[i].prob;
    return prob;
}

static void judge(const struct kol_listen_task *t, struct kol_segment *segments, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct kol_filter_context context = {
            .language = t->options->language,
            .prompt = t->options->prompt,
            .speech_prob = speech_prob(t->chunk, &segments[i]),
        };
        segments[i].channel = t->chunk->channel;
        segments[i].dropped_reason = kol_filter_segment(&segments[i], &context);
    }
}

static enum kol_code append(struct kol_listen_task *t, const struct kol_segment *more, size_t count,
                            struct kol_err *err)
{
    struct kol_segment *all = kol_arena_array(t->arena, t->count + count + 1, sizeof(*all));

    if (!all)
        return kol_fail(err, KOL_NO_MEMORY, "transcribe chunk: out of memory");
    for (size_t i = 0; i < t->count; i++)
        all[i] = t->segments[i];
    for (size_t i = 0; i < count; i++)
        all[t->count + i] = more[i];
    t->segments = all;
    t->count += count;
    return KOL_OK;
}

/* One run of the engine from `from_ms` on. ret_end_ms: how far into the chunk its text reaches. */
static enum kol_code run_from(struct kol_listen_task *t, struct kol_session *session,
                              const float *pcm, int64_t from_ms, int64_t *ret_end_ms,
                              struct kol_err *err)
{
    size_t from = (size_t)(from_ms * KOL_PCM_RATE_HZ / 1000);
    struct kol_engine_request request = {
        .pcm = pcm + from,
        .samples = t->chunk->samples - from,
        .language = t->options->language,
        .prompt = t->options->prompt,
        .beam = t->options->beam,
        .max_tokens = token_cap(t->chunk->samples - from),
        .abort = task_should_stop,
        .user = t->task.group,
    };
    struct kol_engine_result result;
    struct kol_envelope sound;
    struct kol_segment *segments;
    size_t count;

    enum kol_code code = kol_session_transcribe(session, t->arena, &request, &result, err);
    if (code == KOL_OK)
        code = kol_envelope_make(t->arena, request.pcm, request.samples, &sound, err);
    if (code == KOL_OK)
        code = kol_words_segments(t->arena, t->chunk, &result, from_ms, &sound, &segments, &count,
                                  err);
    if (code != KOL_OK)
        return code;

    judge(t, segments, count);
    *ret_end_ms = count > 0 ? from_ms + result.end_ms : INT64_MAX; /* nothing heard: enough */
    return append(t, segments, count, err);
}

static enum kol_code run_chunk(struct kol_task *task, struct kol_worker *worker,
                               struct kol_err *err)
{
    struct kol_listen_task *t = (struct kol_listen_task *)task;
    KOL_CLEANUP(free_floats) float *pcm = to_float(t->chunk);
    int64_t length_ms = (int64_t)t->chunk->samples * 1000 / KOL_PCM_RATE_HZ;
    struct kol_session *session;

    if (!pcm)
        return kol_fail(err, KOL_NO_MEMORY, "transcribe chunk: out of memory");
    kol_chunk_drop_pcm(t->chunk); /* now in float */
    enum kol_code code = kol_worker_session(worker, task, &session, err);
    int64_t at = 0;
    for (int i = 0; i < RUNS_MAX && code == KOL_OK && length_ms - at >= (i ? REST_MS : 100); i++) {
        int64_t from = at;
        code = run_from(t, session, pcm, from, &at, err);
        if (at <= from)
            break; /* no progress: text without a time */
    }
    return code;
}

struct kol_listen_task *kol_listen_new(struct kol_chunk *chunk,
                                       const struct kol_listen_options *options)
{
    struct kol_listen_task *t = calloc(1, sizeof(*t));

    if (!t)
        return NULL;
    t->task.run = run_chunk;
    t->chunk = chunk;
    t->options = options;
    t->arena = kol_arena_new(ARENA_BYTES);
    if (!t->arena) {
        free(t);
        return NULL;
    }
    return t;
}

void kol_listen_free(struct kol_listen_task *t)
{
    if (!t)
        return;
    kol_chunk_drop_pcm(t->chunk);
    kol_arena_free(t->arena);
    free(t);
}

/* ---- Language ---- */

static enum kol_code run_detect(struct kol_task *task, struct kol_worker *worker,
                                struct kol_err *err)
{
    struct kol_detect_task *t = (struct kol_detect_task *)task;
    KOL_CLEANUP(free_floats) float *pcm = to_float(t->chunk);
    struct kol_session *session;

    if (!pcm)
        return kol_fail(err, KOL_NO_MEMORY, "detect language: out of memory");
    enum kol_code code = kol_worker_session(worker, task, &session, err);
    if (code != KOL_OK)
        return code;
    struct kol_engine_request request = {.pcm = pcm, .samples = t->chunk->samples};
    return kol_session_detect(session, &request, t->languages, t->count, t->probs, err);
}

void kol_detect_init(struct kol_detect_task *t, const struct kol_chunk *chunk,
                     const char *const *languages, size_t count)
{
    *t = (struct kol_detect_task){
        .task.run = run_detect, .chunk = chunk, .languages = languages, .count = count};
}
