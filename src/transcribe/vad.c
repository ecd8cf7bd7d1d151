#include "transcribe/vad.h"

#include "transcribe/engine.h"
#include "transcribe/silero.h"
#include <stdlib.h>
#include <string.h>

_Static_assert((int)KOL_VAD_WINDOW == (int)KOL_SILERO_WINDOW &&
                   (int)KOL_VAD_BLOCK == (int)KOL_SILERO_BLOCK,
               "the spans count in the network's windows");

struct kol_vad {
    struct kol_silero *network;
};

enum kol_code kol_vad_open(const char *path, struct kol_vad **ret, struct kol_err *err)
{
    if (!path)
        return kol_fail(err, KOL_NO_MODEL, "speech detection model: none is configured");

    struct kol_vad *v = calloc(1, sizeof(*v));
    if (!v)
        return kol_fail(err, KOL_NO_MEMORY, "open speech detection: out of memory");

    enum kol_code code = kol_silero_open(path, &v->network, err);
    if (code != KOL_OK) {
        kol_vad_close(v);
        if (code != KOL_NO_MEMORY)
            err->code = code = KOL_NO_MODEL;
        kol_err_prefix(err, "speech detection model");
        return code;
    }
    *ret = v;
    return KOL_OK;
}

void kol_vad_close(struct kol_vad *v)
{
    if (!v)
        return;
    kol_silero_close(v->network);
    free(v);
}

void kol_vad_reset(struct kol_vad *v)
{
    kol_silero_reset(v->network);
}

enum kol_code kol_vad_run(struct kol_vad *v, const int16_t *pcm, size_t windows, float *ret_probs,
                          struct kol_err *err)
{
    if (windows > KOL_VAD_BLOCK)
        return kol_fail(err, KOL_BUG, "%zu windows at once for speech detection", windows);
    kol_silero_run(v->network, pcm, windows, ret_probs);
    return KOL_OK;
}

/* ---- Spans ---- */

const struct kol_speech_conf kol_speech_conf_default = {
    .threshold = 0.5F,
    .min_speech_ms = 250,
    .short_prob = 0.8F,
    .short_ms = 600,
    .min_silence_ms = 500,
    .pad_ms = 200,
    .max_ms = 27000,
};

static int64_t samples_of_ms(int ms)
{
    return (int64_t)ms * KOL_PCM_RATE_HZ / 1000;
}

static int64_t sample_of_window(int64_t window)
{
    return window * KOL_VAD_WINDOW;
}

void kol_speech_init(struct kol_speech_finder *f, const struct kol_speech_conf *conf)
{
    *f = (struct kol_speech_finder){.conf = *conf, .start = -1, .silence_from = -1};
}

static int64_t padded_start(const struct kol_speech_finder *f)
{
    int64_t start = sample_of_window(f->start);

    if (!f->cut)
        start -= samples_of_ms(f->conf.pad_ms);
    return start > f->last_end ? start : f->last_end;
}

static float mean(const float *values, int64_t count)
{
    double sum = 0;

    for (int64_t i = 0; i < count; i++)
        sum += values[i];
    return count > 0 ? (float)(sum / (double)count) : 0;
}

static bool is_speech(const struct kol_speech_finder *f, int64_t windows, float prob)
{
    const struct kol_speech_conf *c = &f->conf;
    const int ms = (int)(sample_of_window(windows) * 1000 / KOL_PCM_RATE_HZ);

    if (windows <= 0 || f->cut) /* what is left of a long span was speech before */
        return windows > 0;
    if (ms < c->min_speech_ms || ms >= c->short_ms)
        return ms >= c->min_speech_ms;
    const float left = (float)(c->short_ms - ms) / (float)(c->short_ms - c->min_speech_ms);
    return prob >= c->threshold + (c->short_prob - c->threshold) * left;
}

/* Ends the span in progress at that window; false: it was no speech. */
static bool finish(struct kol_speech_finder *f, int64_t end_window, struct kol_speech *ret)
{
    int64_t windows = end_window - f->start;
    float prob = mean(f->probs, windows < KOL_SPEECH_PROBS ? windows : KOL_SPEECH_PROBS);
    bool speech = is_speech(f, windows, prob);

    if (speech) {
        *ret = (struct kol_speech){
            .start = padded_start(f),
            .end = sample_of_window(end_window) + samples_of_ms(f->conf.pad_ms),
            .prob = prob,
        };
        f->last_end = ret->end;
    }
    f->start = f->silence_from = -1;
    f->cut = false;
    return speech;
}

/* The least likely place, smoothed over three windows, in the later half of the span. */
static int64_t best_cut(const struct kol_speech_finder *f)
{
    int64_t count = f->at - f->start;
    int64_t best = count - 2;
    float best_prob = 4;

    for (int64_t i = count / 2; i < count - 1; i++) {
        float prob = f->probs[i - 1] + f->probs[i] + f->probs[i + 1];
        if (prob <= best_prob) {
            best_prob = prob;
            best = i;
        }
    }
    return best;
}

static void cut_long(struct kol_speech_finder *f, struct kol_speech *ret)
{
    int64_t at = best_cut(f);
    int64_t rest = f->at - f->start - at;

    *ret = (struct kol_speech){
        .start = padded_start(f),
        .end = sample_of_window(f->start + at),
        .prob = mean(f->probs, at),
    };
    f->last_end = ret->end;
    memmove(f->probs, f->probs + at, (size_t)rest * sizeof(*f->probs));
    f->start += at;
    f->cut = true;
    if (f->silence_from >= 0 && f->silence_from < f->start)
        f->silence_from = f->start;
}

static bool too_long(const struct kol_speech_finder *f)
{
    int64_t windows = f->at - f->start;

    return sample_of_window(f->at) - padded_start(f) >= samples_of_ms(f->conf.max_ms) ||
           windows >= KOL_SPEECH_PROBS;
}

bool kol_speech_push(struct kol_speech_finder *f, float prob, struct kol_speech *ret)
{
    int64_t window = f->at++;

    if (f->start < 0) {
        if (prob < f->conf.threshold)
            return false;
        f->start = window;
    }
    f->probs[window - f->start] = prob;

    if (prob >= f->conf.threshold)
        f->silence_from = -1;
    else if (prob < f->conf.threshold - 0.15F && f->silence_from < 0)
        f->silence_from = window;

    if (f->silence_from >= 0 &&
        sample_of_window(f->at - f->silence_from) >= samples_of_ms(f->conf.min_silence_ms))
        return finish(f, f->silence_from, ret);
    if (!too_long(f))
        return false;
    cut_long(f, ret);
    return true;
}

bool kol_speech_end(struct kol_speech_finder *f, int64_t samples, struct kol_speech *ret)
{
    if (f->start < 0)
        return false;
    if (!finish(f, f->silence_from >= 0 ? f->silence_from : f->at, ret))
        return false;
    if (ret->end > samples)
        ret->end = samples;
    return ret->end > ret->start;
}

int64_t kol_speech_need_from(const struct kol_speech_finder *f)
{
    int64_t from = sample_of_window(f->at) - samples_of_ms(f->conf.pad_ms);

    if (f->start >= 0)
        return padded_start(f);
    return from > f->last_end ? from : f->last_end;
}
