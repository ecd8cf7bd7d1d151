#include "transcribe/scan.h"

#include "base/cleanup.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_WINDOWS = 20 * KOL_VAD_BLOCK, /* 41 s: what one task hears */
    WARM_UP_WINDOWS = 32,               /* 1 s before it, so that the network knows where it is */
    SILENT_PEAK = 16,                   /* -66 dBFS, twice the idle noise of mu-law */
    SILENT_WINDOWS = 32,                /* silences of 1 s and more are not worth hearing */
    EDGE_WINDOWS = 8,                   /* of such a silence, heard before the next sound */
    READ_FRAMES = 16384,
    LOUDER_DB = 1 /* of two copies the louder one is worth more */
};

/* Hiss: steady, so each window is within 4 dB of the quietest, and below -45 dBFS. */
#define HISS_SPREAD 2.5
#define HISS_MOST (184.0 * 184.0)

/* ---- One block of one channel, on a worker ---- */

struct block {
    struct kol_task task;
    int channel;
    int64_t first;  /* window in the channel */
    size_t warm_up; /* windows at the start that only set the scene */
    size_t windows; /* with those */
    int16_t *pcm;
    bool quiet[BLOCK_WINDOWS + WARM_UP_WINDOWS];
    float probs[BLOCK_WINDOWS + WARM_UP_WINDOWS];
};

static void block_free(struct block *b)
{
    if (!b)
        return;
    free(b->pcm);
    free(b);
}

static bool window_is_silent(const int16_t *pcm)
{
    for (size_t i = 0; i < KOL_VAD_WINDOW; i++)
        if (pcm[i] > SILENT_PEAK || pcm[i] < -SILENT_PEAK)
            return false;
    return true;
}

static double mean_square(const int16_t *pcm)
{
    int64_t sum = 0;

    for (size_t i = 0; i < KOL_VAD_WINDOW; i++)
        sum += (int64_t)pcm[i] * pcm[i];
    return (double)sum / KOL_VAD_WINDOW;
}

/* Only long runs are worth skipping, and the end of one is heard: a word may begin softly. */
static void keep_long_runs(bool *quiet, size_t windows)
{
    for (size_t from = 0, to; from < windows; from = to + 1) {
        for (to = from; to < windows && quiet[to];)
            to++;
        bool is_long = to - from >= SILENT_WINDOWS;
        size_t heard = is_long ? to - EDGE_WINDOWS : from;
        memset(quiet + heard, 0, (to - heard) * sizeof(*quiet));
    }
}

void kol_scan_quiet(const int16_t *pcm, size_t windows, bool *ret)
{
    double floor = HISS_MOST;

    for (size_t i = 0; i < windows; i++) {
        const int16_t *window = pcm + i * KOL_VAD_WINDOW;
        ret[i] = window_is_silent(window);
        if (!ret[i])
            floor = fmin(floor, mean_square(window));
    }
    double most = fmin(floor * HISS_SPREAD, HISS_MOST);
    for (size_t i = 0; i < windows; i++)
        ret[i] = ret[i] || mean_square(pcm + i * KOL_VAD_WINDOW) < most;
    keep_long_runs(ret, windows);
}

static enum kol_code hear(struct block *b, struct kol_vad *vad, size_t from, size_t to,
                          struct kol_err *err)
{
    for (size_t at = from; at < to;) {
        size_t n = to - at < KOL_VAD_BLOCK ? to - at : KOL_VAD_BLOCK;
        enum kol_code code = kol_vad_run(vad, b->pcm + at * KOL_VAD_WINDOW, n, b->probs + at, err);
        if (code != KOL_OK)
            return code;
        if (kol_group_stopped(b->task.group))
            return kol_fail(err, KOL_CANCELLED, "transcription was stopped");
        at += n;
    }
    return KOL_OK;
}

static enum kol_code run_block(struct kol_task *task, struct kol_worker *worker,
                               struct kol_err *err)
{
    struct block *b = (struct block *)task;
    struct kol_vad *vad;
    enum kol_code code = kol_worker_vad(worker, &vad, err);

    kol_scan_quiet(b->pcm, b->windows, b->quiet);
    for (size_t from = 0, to = 0; code == KOL_OK && from < b->windows; from = to) {
        while (from < b->windows && b->quiet[from])
            from++; /* their probabilities are 0 already */
        for (to = from; to < b->windows && !b->quiet[to];)
            to++;
        kol_vad_reset(vad);
        code = hear(b, vad, from, to, err);
    }
    return code;
}

/* ---- A channel ---- */

struct ear { /* what one channel has told so far */
    struct kol_gate gate;
    int16_t *pcm; /* the block that is not full yet, with its warm-up */
    size_t have;  /* samples in it */
    size_t warm_up;
    int64_t first; /* window */
    float *probs;
    size_t windows, room;
};

struct scan {
    struct kol_group *group;
    struct ear ear[KOL_CHANNELS_MAX];
    int channels;
    size_t out; /* blocks at work */
};

static size_t ear_room(const struct ear *e)
{
    return (BLOCK_WINDOWS + e->warm_up) * KOL_VAD_WINDOW;
}

static enum kol_code keep_probs(struct ear *e, const struct block *b, struct kol_err *err)
{
    size_t end = (size_t)b->first + b->windows - b->warm_up;

    if (end > e->room) {
        size_t room = end + end / 2;
        float *probs = realloc(e->probs, room * sizeof(*probs));
        if (!probs)
            return kol_fail(err, KOL_NO_MEMORY, "hear recording: out of memory");
        e->probs = probs;
        e->room = room;
    }
    memcpy(e->probs + b->first, b->probs + b->warm_up,
           (b->windows - b->warm_up) * sizeof(*e->probs));
    if (end > e->windows)
        e->windows = end;
    return KOL_OK;
}

/* Takes finished blocks until at most `most` are out. */
static enum kol_code collect(struct scan *s, size_t most, struct kol_err *err)
{
    while (s->out > most) {
        struct block *b = (struct block *)kol_group_next(s->group, 100);
        if (!b) {
            if (kol_group_stopped(s->group))
                return kol_fail(err, KOL_CANCELLED, "transcription was stopped");
            continue;
        }
        s->out--;
        enum kol_code code = b->task.code;
        if (code != KOL_OK && err)
            *err = b->task.err;
        if (code == KOL_OK)
            code = keep_probs(&s->ear[b->channel], b, err);
        block_free(b);
        if (code != KOL_OK)
            return code;
    }
    return KOL_OK;
}

/* Sends what the ear has to a worker, and keeps the end of it as the next one's warm-up. */
static enum kol_code send_block(struct scan *s, int channel, struct kol_err *err)
{
    struct ear *e = &s->ear[channel];
    size_t windows = (e->have + KOL_VAD_WINDOW - 1) / KOL_VAD_WINDOW;
    struct block *b = calloc(1, sizeof(*b));
    int16_t *next = calloc(BLOCK_WINDOWS + WARM_UP_WINDOWS, KOL_VAD_WINDOW * sizeof(*next));

    if (!b || !next) {
        free(b);
        free(next);
        return kol_fail(err, KOL_NO_MEMORY, "hear recording: out of memory");
    }
    b->task.run = run_block;
    b->channel = channel;
    b->first = e->first;
    b->warm_up = e->warm_up;
    b->windows = windows;
    b->pcm = e->pcm;
    memset(b->pcm + e->have, 0, (windows * KOL_VAD_WINDOW - e->have) * sizeof(*b->pcm));

    size_t keep = windows < WARM_UP_WINDOWS ? windows : WARM_UP_WINDOWS;
    memcpy(next, b->pcm + (windows - keep) * KOL_VAD_WINDOW, keep * KOL_VAD_WINDOW * sizeof(*next));
    e->first += (int64_t)(windows - e->warm_up);
    e->pcm = next;
    e->warm_up = keep;
    e->have = keep * KOL_VAD_WINDOW;

    s->out++;
    kol_pool_add(s->group, &b->task);
    return collect(s, 2 * (size_t)kol_pool_threads(s->group->pool), err);
}

static enum kol_code feed(struct scan *s, int channel, const int16_t *pcm, size_t count,
                          struct kol_err *err)
{
    struct ear *e = &s->ear[channel];

    kol_gate_feed(&e->gate, pcm, count);
    while (count > 0) {
        size_t room = ear_room(e) - e->have;
        size_t n = count < room ? count : room;
        memcpy(e->pcm + e->have, pcm, n * sizeof(*pcm));
        e->have += n;
        pcm += n;
        count -= n;
        if (e->have < ear_room(e))
            continue;
        enum kol_code code = send_block(s, channel, err);
        if (code != KOL_OK)
            return code;
    }
    return KOL_OK;
}

/* ---- Spans ---- */

static void silence_gated(float *probs, size_t windows, const struct kol_span *gate, size_t count)
{
    const int64_t per_ms = KOL_PCM_RATE_HZ / 1000;

    for (size_t i = 0; i < count; i++) {
        if (gate[i].kind == KOL_SPAN_KEEP)
            continue;
        /* Only windows that lie wholly in it: a word may begin in the one at its edge. */
        int64_t from = (gate[i].start_ms * per_ms + KOL_VAD_WINDOW - 1) / KOL_VAD_WINDOW;
        int64_t to = gate[i].end_ms * per_ms / KOL_VAD_WINDOW;
        for (int64_t w = from; w < to && w < (int64_t)windows; w++)
            probs[w] = 0;
    }
}

static void clip_end(struct kol_speech *span, int64_t samples)
{
    if (span->end > samples)
        span->end = samples;
}

enum kol_code kol_scan_spans(struct kol_arena *a, float *probs, size_t windows, int64_t samples,
                             const struct kol_span *gate, size_t gate_count,
                             struct kol_scan_channel *ret, struct kol_err *err)
{
    /* Spans lie at least a minimum of silence apart, or are cut from long ones. */
    size_t room = windows * KOL_VAD_WINDOW / (KOL_PCM_RATE_HZ / 2) + 2;
    struct kol_speech *spans = kol_arena_array(a, room, sizeof(*spans));
    struct kol_speech_finder *finder = kol_arena_alloc(a, sizeof(*finder));
    size_t count = 0;

    if (!spans || !finder)
        return kol_fail(err, KOL_NO_MEMORY, "find speech: out of memory");
    silence_gated(probs, windows, gate, gate_count);
    kol_speech_init(finder, &kol_speech_conf_default);
    for (size_t i = 0; i < windows && count < room; i++)
        if (kol_speech_push(finder, probs[i], &spans[count]))
            count++;
    if (count < room && kol_speech_end(finder, samples, &spans[count]))
        count++;

    *ret = (struct kol_scan_channel){.spans = spans};
    for (size_t i = 0; i < count; i++) {
        clip_end(&spans[i], samples);
        if (spans[i].start >= spans[i].end)
            continue;
        ret->speech_samples += spans[i].end - spans[i].start;
        spans[ret->span_count++] = spans[i];
    }
    return KOL_OK;
}

/* ---- The whole ---- */

static enum kol_code init(struct scan *s, struct kol_group *group, int channels,
                          struct kol_err *err)
{
    *s = (struct scan){.group = group, .channels = channels};
    for (int c = 0; c < channels; c++) {
        struct ear *e = &s->ear[c];
        kol_gate_init(&e->gate);
        e->pcm = calloc(BLOCK_WINDOWS + WARM_UP_WINDOWS, KOL_VAD_WINDOW * sizeof(*e->pcm));
        if (!e->pcm)
            return kol_fail(err, KOL_NO_MEMORY, "hear recording: out of memory");
    }
    return KOL_OK;
}

static void done(struct scan *s)
{
    atomic_bool *abort = &s->group->abort;

    if (s->out > 0)
        atomic_store(abort, true); /* an error: the group is of no use any more */
    while (s->out > 0) {
        struct block *b = (struct block *)kol_group_next(s->group, 1000);
        if (b)
            s->out--;
        block_free(b);
    }
    for (int c = 0; c < s->channels; c++) {
        kol_gate_done(&s->ear[c].gate);
        free(s->ear[c].pcm);
        free(s->ear[c].probs);
    }
}

static enum kol_code read_all(struct scan *s, struct kol_source *source, struct kol_twins *twins,
                              enum kol_code (*on_block)(int64_t, void *, struct kol_err *),
                              void *user, int64_t *ret_samples, struct kol_err *err)
{
    static _Thread_local int16_t buf[KOL_CHANNELS_MAX][READ_FRAMES];
    int16_t *const planes[KOL_CHANNELS_MAX] = {buf[0], buf[1]};
    size_t frames;

    for (;;) {
        enum kol_code code = kol_source_read(source, planes, READ_FRAMES, &frames, err);
        if (code != KOL_OK || frames == 0)
            return code;
        for (int c = 0; c < s->channels && c < KOL_CHANNELS_MAX && code == KOL_OK; c++)
            code = feed(s, c, planes[c], frames, err);
        if (s->channels == 2)
            kol_twins_feed(twins, planes[0], planes[1], frames);
        *ret_samples += (int64_t)frames;
        if (code == KOL_OK)
            code = on_block(*ret_samples, user, err);
        if (code != KOL_OK)
            return code;
    }
}

static enum kol_code find_spans(struct kol_arena *a, struct scan *s, struct kol_scan *ret,
                                struct kol_err *err)
{
    for (int c = 0; c < ret->channels; c++) {
        struct ear *e = &s->ear[ret->first + c];
        struct kol_span *gate;
        size_t count;
        enum kol_code code = kol_gate_finish(a, &e->gate, &gate, &count, err);
        if (code == KOL_OK)
            code = kol_scan_spans(a, e->probs, e->windows, ret->samples, gate, count,
                                  &ret->channel[c], err);
        if (code != KOL_OK)
            return code;
    }
    return KOL_OK;
}

static enum kol_code scan_all(struct kol_arena *a, struct scan *s, struct kol_source *source,
                              enum kol_code (*on_block)(int64_t, void *, struct kol_err *),
                              void *user, struct kol_scan *ret, struct kol_err *err)
{
    enum kol_code code = read_all(s, source, &ret->twins, on_block, user, &ret->samples, err);

    for (int c = 0; c < s->channels && c < KOL_CHANNELS_MAX && code == KOL_OK; c++)
        if (s->ear[c].have > s->ear[c].warm_up * KOL_VAD_WINDOW)
            code = send_block(s, c, err);
    if (code == KOL_OK)
        code = collect(s, 0, err);
    if (code != KOL_OK)
        return code;

    ret->cut_short = source->cut_short;
    ret->identical = s->channels == 2 && kol_twins_identical(&ret->twins);
    ret->channels = ret->identical ? 1 : s->channels;
    ret->first = ret->identical && kol_twins_level_db(&ret->twins) > LOUDER_DB;
    return find_spans(a, s, ret, err);
}

enum kol_code kol_scan_run(struct kol_arena *a, struct kol_group *group, struct kol_source *source,
                           enum kol_code (*on_block)(int64_t samples, void *user,
                                                     struct kol_err *err),
                           void *user, struct kol_scan *ret, struct kol_err *err)
{
    struct scan s;

    *ret = (struct kol_scan){0};
    enum kol_code code = init(&s, group, source->channels, err);
    if (code == KOL_OK)
        code = scan_all(a, &s, source, on_block, user, ret, err);
    done(&s);
    return code;
}
