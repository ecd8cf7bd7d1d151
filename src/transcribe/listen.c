#include "transcribe/listen.h"

#include "base/cleanup.h"
#include "base/str.h"
#include "transcribe/filters.h"
#include "transcribe/words.h"
#include <stdlib.h>

enum {
    REST_MS = 2000, /* speech left over by the engine that is worth another run */
    RUNS_MAX = 3,   /* of the engine on one chunk */
    LEAST_MS = 100, /* less than that no engine takes */
    JOINT_SLACK_MS = 500,
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

    for (size_t i = 0; i < c->piece_count; i++)
        if (c->pieces[i].channel == s->channel && c->pieces[i].call_at <= at)
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

/* What a worker is at: a chunk, or one side of it. */
struct listening {
    struct kol_listen_task *task;
    struct kol_session *session;
    const struct kol_chunk *chunk;
    bool without_prompt; /* it was read out: once more without it */
    const float *pcm;    /* of the whole chunk; a side's positions are those of the whole */
};

static enum kol_code run_engine(const struct listening *l, int64_t from_ms,
                                struct kol_engine_result *ret, struct kol_envelope *ret_sound,
                                struct kol_err *err)
{
    const struct kol_listen_options *options = l->task->options;
    size_t from = (size_t)(from_ms * KOL_PCM_RATE_HZ / 1000);
    struct kol_engine_request request = {
        .pcm = l->pcm + from,
        .samples = l->chunk->samples - from,
        .language = options->language,
        .prompt = l->without_prompt ? NULL : options->prompt,
        .beam = options->beam,
        .max_tokens = token_cap(l->chunk->samples - from),
        .abort = task_should_stop,
        .user = l->task->task.group,
    };
    enum kol_code code = kol_session_transcribe(l->session, l->task->arena, &request, ret, err);

    if (code != KOL_OK)
        return code;
    return kol_envelope_make(l->task->arena, request.pcm, request.samples, ret_sound, err);
}

/* Did the engine read on over the joint, one sentence made of two people's words? */
static bool reads_over_joint(const struct listening *l, const struct kol_engine_result *result,
                             int64_t from_ms)
{
    if (l->chunk->joint == 0)
        return false;

    const struct kol_piece *before = &l->chunk->pieces[l->chunk->joint - 1];
    int64_t end_ms = (before->chunk_at + before->length) * 1000 / KOL_PCM_RATE_HZ - from_ms;
    for (size_t i = 0; i < result->segment_count; i++) {
        const struct kol_engine_segment *s = &result->segments[i];
        if (s->start_ms < end_ms - JOINT_SLACK_MS &&
            s->end_ms > end_ms + KOL_CHUNK_JOINT_MS + JOINT_SLACK_MS)
            return true;
    }
    return false;
}

/* Puts what was only the prompt read out at the front. Returns how many. */
static size_t gather_echoes(struct kol_segment *segments, size_t count)
{
    size_t echoes = 0;

    for (size_t i = 0; i < count; i++)
        if (kol_streq(segments[i].dropped_reason, "prompt_echo")) {
            const struct kol_segment echo = segments[i];
            segments[i] = segments[echoes];
            segments[echoes++] = echo;
        }
    return echoes;
}

/*
 * Runs the engine until the chunk is read: it may stop early, and what is left is worth a run only
 * when it is long enough to hold words. ret_over: it read over the joint, nothing was kept.
 */
static enum kol_code read_chunk(struct listening *l, bool *ret_over, struct kol_err *err)
{
    struct kol_listen_task *t = l->task;
    int64_t at = l->chunk->pieces[0].chunk_at * 1000 / KOL_PCM_RATE_HZ;
    int64_t end_ms = (int64_t)l->chunk->samples * 1000 / KOL_PCM_RATE_HZ;

    for (int i = 0; i < RUNS_MAX && end_ms - at >= (i == 0 ? LEAST_MS : REST_MS); i++) {
        struct kol_engine_result result;
        struct kol_envelope sound;
        struct kol_segment *segments;
        size_t count;
        enum kol_code code = run_engine(l, at, &result, &sound, err);
        if (code == KOL_OK && reads_over_joint(l, &result, at)) {
            *ret_over = true;
            return KOL_OK;
        }
        if (code == KOL_OK)
            code =
                kol_words_segments(t->arena, l->chunk, &result, at, &sound, &segments, &count, err);
        if (code != KOL_OK)
            return code;
        judge(t, segments, count);
        const size_t echoes = l->without_prompt ? 0 : gather_echoes(segments, count);
        if (echoes > 0) { /* what was said there is heard without the prompt */
            code = append(t, segments, echoes, err);
            l->without_prompt = true;
            i--;
            if (code == KOL_OK)
                continue;
            return code;
        }
        code = append(t, segments, count, err);
        if (code != KOL_OK || count == 0 || result.end_ms <= 0)
            return code; /* nothing heard, or text without a time: more runs would be the same */
        at += result.end_ms;
    }
    return KOL_OK;
}

static enum kol_code read_sides(const struct listening *l, struct kol_err *err)
{
    l->task->count = 0;
    for (int side = 0; side < 2; side++) {
        const struct kol_chunk chunk = kol_chunk_side(l->chunk, side);
        struct listening one = {
            .task = l->task, .session = l->session, .chunk = &chunk, .pcm = l->pcm};
        bool over = false;
        enum kol_code code = read_chunk(&one, &over, err);
        if (code != KOL_OK)
            return code;
    }
    return KOL_OK;
}

static enum kol_code run_chunk(struct kol_task *task, struct kol_worker *worker,
                               struct kol_err *err)
{
    struct kol_listen_task *t = (struct kol_listen_task *)task;
    KOL_CLEANUP(free_floats) float *pcm = to_float(t->chunk);
    struct listening l = {.task = t, .chunk = t->chunk, .pcm = pcm};
    bool over = false;

    if (!pcm)
        return kol_fail(err, KOL_NO_MEMORY, "transcribe chunk: out of memory");
    kol_chunk_drop_pcm(t->chunk); /* now in float */
    enum kol_code code = kol_worker_session(worker, task, &l.session, err);
    if (code == KOL_OK)
        code = read_chunk(&l, &over, err);
    if (code == KOL_OK && over)
        code = read_sides(&l, err);
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
