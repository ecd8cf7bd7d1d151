/*
 * engine_native.c - Whisper's models on oneDNN and on integer kernels of our own, behind the engine
 * table: what whisper.cpp computes, in about a third of its time.
 *
 * The weights are shared by all sessions. A session's memory is large, so that of a finished one is
 * wiped and lent to the next.
 */
#include "transcribe/engine.h"

#include "base/str.h"
#include "transcribe/native_encoder.h"
#include "transcribe/native_simd.h"
#include "transcribe/native_try.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct native_session {
    struct kol_session base;
    struct native_session *next; /* among the finished ones */
    struct kol_native_ear *ear;
    struct kol_native_pen *pen;
    float *logits; /* the writer's */
    struct kol_native_writer writer;
};

struct native_engine {
    struct kol_engine base;
    struct kol_native_vocab *vocab;
    struct kol_native_rules rules;
    struct kol_native_encoder *encoder;
    struct kol_native_decoder *decoder;
    char model[64];
    pthread_mutex_t lock;            /* guards what is below */
    struct native_session *finished; /* wiped, ready for the next */
};

static struct native_engine *downcast(const struct kol_engine *e)
{
    return (struct native_engine *)(uintptr_t)e;
}

/* ---- Opening ---- */

static void free_session(struct native_session *s)
{
    if (!s)
        return;
    kol_native_ear_close(s->ear);
    kol_native_pen_close(s->pen);
    free(s->logits);
    free(s);
}

static void native_close(struct kol_engine *base)
{
    struct native_engine *e = downcast(base);

    if (!e)
        return;
    while (e->finished) {
        struct native_session *s = e->finished;
        e->finished = s->next;
        free_session(s);
    }
    kol_native_encoder_close(e->encoder);
    kol_native_decoder_close(e->decoder);
    kol_native_vocab_free(e->vocab);
    pthread_mutex_destroy(&e->lock);
    free(e);
}

static size_t word_of_file(const void *source, int id, const char **ret)
{
    return kol_native_file_token(source, id, ret);
}

/* The first distilled models write no times, which all else here builds on. */
static enum kol_code check_kind(const struct kol_native_hparams *sizes, struct kol_err *err)
{
    if (sizes->text_layers == 2 && sizes->vocab < 51866)
        return kol_fail(err, KOL_BAD_INPUT, "a distilled model that writes no times");
    return KOL_OK;
}

static enum kol_code load(struct native_engine *e, struct kol_native_file *f, struct kol_err *err)
{
    const struct kol_native_hparams *sizes = kol_native_file_hparams(f);
    enum kol_code code = check_kind(sizes, err);

    if (code == KOL_OK)
        code = kol_native_vocab_new(sizes->vocab, kol_native_file_token_count(f), word_of_file, f,
                                    &e->vocab, err);
    if (code == KOL_OK)
        code =
            kol_native_decoder_open(f, &e->decoder, err); /* first: it needs most to begin with */
    if (code == KOL_OK)
        code = kol_native_encoder_open(f, &e->encoder, err);
    if (code == KOL_OK)
        kol_native_rules_init(&e->rules, e->vocab);
    return code;
}

static enum kol_code native_open(const struct kol_engine_conf *conf, struct kol_engine **ret,
                                 struct kol_err *err)
{
    if (kol_str_empty(conf->model))
        return kol_fail(err, KOL_NO_MODEL, "no speech model is configured");
    if (!kol_cpu_avx2())
        return kol_fail(err, KOL_BAD_CONFIG, "the native engine needs a CPU with AVX2");

    struct native_engine *e = calloc(1, sizeof(*e));
    if (!e)
        return kol_fail(err, KOL_NO_MEMORY, "open speech model: out of memory");
    e->base.driver = &kol_engine_native;
    pthread_mutex_init(&e->lock, NULL);
    kol_decoded_name(conf->model, e->model);

    struct kol_native_file *f = NULL;
    enum kol_code code = kol_native_file_open(conf->model, &f, err);
    if (code == KOL_OK)
        code = load(e, f, err);
    kol_native_file_close(f);
    if (code == KOL_NOT_FOUND || code == KOL_BAD_INPUT)
        err->code = code = KOL_NO_MODEL;
    if (code != KOL_OK) {
        native_close(&e->base);
        return code;
    }
    *ret = &e->base;
    return KOL_OK;
}

static void native_info(const struct kol_engine *base, struct kol_engine_info *ret)
{
    const struct native_engine *e = downcast(base);

    *ret = (struct kol_engine_info){
        .model = e->model,
        .multilingual = e->rules.ids.multilingual,
        .max_prompt_tokens = KOL_NATIVE_PROMPT,
    };
}

static bool native_knows_language(const struct kol_engine *base, const char *language)
{
    const struct native_engine *e = downcast(base);

    if (!e->rules.ids.multilingual)
        return kol_streq(language, "en");
    return kol_native_vocab_language(e->vocab, language) >= 0;
}

static int native_count_tokens(const struct kol_engine *base, const char *text)
{
    return (int)kol_native_vocab_cut(downcast(base)->vocab, text, NULL, 0);
}

/* ---- Sessions ---- */

static struct native_session *take_finished(struct native_engine *e)
{
    pthread_mutex_lock(&e->lock);
    struct native_session *s = e->finished;
    if (s)
        e->finished = s->next;
    pthread_mutex_unlock(&e->lock);
    return s;
}

static enum kol_code make_session(struct native_engine *e, struct native_session **ret,
                                  struct kol_err *err)
{
    struct native_session *s = calloc(1, sizeof(*s));

    if (!s)
        return kol_fail(err, KOL_NO_MEMORY, "open speech session: out of memory");
    s->base.engine = &e->base;
    s->logits = malloc((size_t)e->rules.ids.vocab * sizeof(*s->logits));
    enum kol_code code = s->logits
                             ? kol_native_ear_open(e->encoder, &s->ear, err)
                             : kol_fail(err, KOL_NO_MEMORY, "open speech session: out of memory");
    if (code == KOL_OK)
        code = kol_native_pen_open(e->decoder, 1, &s->pen, err);
    if (code != KOL_OK) {
        free_session(s);
        return code;
    }
    *ret = s;
    return KOL_OK;
}

static enum kol_code native_session_open(struct kol_engine *base, struct kol_session **ret,
                                         struct kol_err *err)
{
    struct native_engine *e = downcast(base);
    struct native_session *s = take_finished(e);
    enum kol_code code = s ? KOL_OK : make_session(e, &s, err);

    if (code == KOL_OK)
        *ret = &s->base;
    return code;
}

static void native_session_close(struct kol_session *base)
{
    struct native_session *s = (struct native_session *)base;

    if (!s)
        return;
    struct native_engine *e = downcast(base->engine);
    s->writer = (struct kol_native_writer){0};
    kol_native_pen_wipe(s->pen);
    pthread_mutex_lock(&e->lock);
    s->next = e->finished;
    e->finished = s;
    pthread_mutex_unlock(&e->lock);
}

/* ---- Transcribing ---- */

static enum kol_code read_line(const struct native_session *s, struct kol_arena *a,
                               const struct kol_engine_request *request,
                               const struct kol_native_line *line, struct kol_engine_result *ret,
                               struct kol_err *err)
{
    const struct native_engine *e = downcast(s->base.engine);
    const struct kol_native_ids *ids = &e->rules.ids;
    struct kol_decoded run = {.count = line->kept,
                              .looping = line->looping,
                              .no_speech_prob = s->writer.no_speech_prob,
                              .tokens = kol_arena_array(a, KOL_NATIVE_TOKENS, sizeof(*run.tokens))};

    if (!run.tokens)
        return kol_fail(err, KOL_NO_MEMORY, "read speech result: out of memory");
    for (int i = 0; i < run.count; i++) {
        const struct kol_native_token *t = &line->tokens[i];
        run.tokens[i] = (struct kol_decoded_token){
            .time_ms = t->id >= ids->first_time ? (int64_t)(t->id - ids->first_time) * 20 : -1,
            .text = t->id < ids->end ? kol_native_vocab_text(e->vocab, t->id) : NULL,
            .probability = t->probability,
            .logprob = t->logprob,
            .pause = t->pause,
        };
    }
    return kol_decoded_read(a, request, &run, ret, err);
}

static enum kol_code run_once(struct kol_session *base, struct kol_arena *a,
                              const struct kol_engine_request *request, double temperature,
                              struct kol_engine_result *ret, struct kol_err *err)
{
    struct native_session *s = (struct native_session *)base;
    const struct kol_native_line *best = NULL;

    for (double t = temperature; t < 1 + 1e-6; t += KOL_DECODED_STEP) {
        enum kol_code code = kol_native_try(&s->writer, a, request, t, &best, err);
        if (code != KOL_OK)
            return code;
        if (!best->failed)
            break;
    }
    if (!best)
        return kol_fail(err, KOL_BUG, "a temperature of %g is too high", temperature);
    return read_line(s, a, request, best, ret, err);
}

static enum kol_code hear(struct native_session *s, const struct kol_engine_request *request,
                          struct kol_err *err)
{
    const float *encoded;
    enum kol_code code = kol_native_encode(s->ear, request->pcm, request->samples, request->abort,
                                           request->user, &encoded, err);

    return code == KOL_OK ? kol_native_pen_hear(s->pen, 0, encoded, err) : code;
}

static enum kol_code native_transcribe(struct kol_session *base, struct kol_arena *a,
                                       const struct kol_engine_request *request,
                                       struct kol_engine_result *ret, struct kol_err *err)
{
    struct native_session *s = (struct native_session *)base;
    const struct native_engine *e = downcast(base->engine);

    s->writer = (struct kol_native_writer){
        .vocab = e->vocab, .rules = &e->rules, .pen = s->pen, .logits = s->logits};
    for (int i = 0; i < KOL_DECODED_BEST_OF; i++) /* the same sound gives the same text */
        s->writer.random[i] = (uint64_t)i;
    enum kol_code code = hear(s, request, err);
    return code == KOL_OK ? kol_decoded_try(run_once, base, a, request, ret, err) : code;
}

static enum kol_code native_detect(struct kol_session *base,
                                   const struct kol_engine_request *request,
                                   const char *const *languages, size_t count, double *ret_probs,
                                   struct kol_err *err)
{
    struct native_session *s = (struct native_session *)base;
    const struct native_engine *e = downcast(base->engine);
    const struct kol_native_step step = {.tokens = &e->rules.ids.start, .count = 1};
    double sum = 0;
    float *logits;
    enum kol_code code = hear(s, request, err);

    if (code == KOL_OK)
        code = kol_native_write(s->pen, &step, 1, &logits, err);
    if (code != KOL_OK)
        return code;
    for (size_t i = 0; i < count; i++) {
        const int32_t id = kol_native_vocab_language(e->vocab, languages[i]);
        ret_probs[i] = id >= 0 ? (double)kol_native_probability(logits, e->rules.ids.vocab, id) : 0;
        sum += ret_probs[i];
    }
    for (size_t i = 0; i < count; i++)
        ret_probs[i] = sum > 0 ? ret_probs[i] / sum : 1.0 / (double)count;
    return KOL_OK;
}

const struct kol_engine_driver kol_engine_native = {
    .name = "native",
    .open = native_open,
    .close = native_close,
    .info = native_info,
    .knows_language = native_knows_language,
    .count_tokens = native_count_tokens,
    .session_open = native_session_open,
    .session_close = native_session_close,
    .detect = native_detect,
    .transcribe = native_transcribe,
};
