/*
 * engine_whisper.c - whisper.cpp behind the engine table.
 *
 * One whisper_context holds the weights and is only read; a session is one whisper_state, made for
 * one call and thrown away with it, because whisper.cpp returns the text of an earlier run when a
 * later one finds nothing (whisper.cpp #3262, and still so in whisper_full_parallel).
 * whisper_full is never used with its own speech detection, nor with more than one processor.
 */
#include "transcribe/engine.h"

#include "base/str.h"
#include "transcribe/decoded.h"
#include "transcribe/loop.h"
#include "transcribe/whisper_log.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <whisper.h>

struct whisper_engine {
    struct kol_engine base;
    struct whisper_context *ctx;
    char model[64];
};

struct whisper_session {
    struct kol_session base;
    struct whisper_context *ctx; /* borrowed */
    struct whisper_state *state;
    const struct kol_engine_request *request; /* of the run in progress */
    int encoder_runs;                         /* of the run in progress */
    bool looping;                             /* the guard below has stopped a loop */
};

static struct whisper_engine *downcast(const struct kol_engine *e)
{
    return (struct whisper_engine *)(uintptr_t)e;
}

/* ---- Opening ---- */

static void whisper_engine_close(struct kol_engine *base)
{
    struct whisper_engine *e = downcast(base);

    if (!e)
        return;
    whisper_free(e->ctx);
    free(e);
}

static enum kol_code whisper_engine_open(const struct kol_engine_conf *conf,
                                         struct kol_engine **ret, struct kol_err *err)
{
    kol_whisper_route_log();
    if (kol_str_empty(conf->model))
        return kol_fail(err, KOL_NO_MODEL, "no speech model is configured");
    if (access(conf->model, R_OK) != 0)
        return kol_fail(err, KOL_NO_MODEL, "speech model %s: %m", conf->model);

    struct whisper_engine *e = calloc(1, sizeof(*e));
    if (!e)
        return kol_fail(err, KOL_NO_MEMORY, "open speech model: out of memory");
    e->base.driver = &kol_engine_whisper;
    kol_decoded_name(conf->model, e->model);

    struct whisper_context_params params = whisper_context_default_params();
    params.use_gpu = false;
    params.flash_attn = true;
    e->ctx = whisper_init_from_file_with_params_no_state(conf->model, params);
    if (!e->ctx) {
        whisper_engine_close(&e->base);
        return kol_fail(err, KOL_NO_MODEL, "%s is not a whisper model in ggml format", conf->model);
    }
    *ret = &e->base;
    return KOL_OK;
}

static void whisper_engine_info(const struct kol_engine *base, struct kol_engine_info *ret)
{
    const struct whisper_engine *e = downcast(base);

    *ret = (struct kol_engine_info){
        .model = e->model,
        .multilingual = whisper_is_multilingual(e->ctx),
        .max_prompt_tokens = whisper_n_text_ctx(e->ctx) / 2 - 1,
    };
}

static bool whisper_knows_language(const struct kol_engine *base, const char *language)
{
    struct whisper_engine *e = downcast(base);

    if (!whisper_is_multilingual(e->ctx))
        return kol_streq(language, "en");
    return whisper_lang_id(language) >= 0;
}

static int whisper_count_tokens(const struct kol_engine *base, const char *text)
{
    return whisper_token_count(downcast(base)->ctx, text);
}

/* ---- Sessions ---- */

static void whisper_session_close(struct kol_session *base)
{
    struct whisper_session *s = (struct whisper_session *)base;

    if (!s)
        return;
    whisper_free_state(s->state);
    free(s);
}

static enum kol_code whisper_session_open(struct kol_engine *base, struct kol_session **ret,
                                          struct kol_err *err)
{
    struct whisper_session *s = calloc(1, sizeof(*s));

    if (!s)
        return kol_fail(err, KOL_NO_MEMORY, "open speech session: out of memory");
    s->base.engine = base;
    s->ctx = downcast(base)->ctx;
    s->state = whisper_init_state(s->ctx);
    if (!s->state) {
        whisper_session_close(&s->base);
        return kol_fail(err, KOL_NO_MEMORY, "open speech session: whisper has no memory");
    }
    *ret = &s->base;
    return KOL_OK;
}

/* ---- What whisper asks while it runs ---- */

static bool should_abort(void *user)
{
    const struct whisper_session *s = user;

    return s->request->abort && s->request->abort(s->request->user);
}

/*
 * One window per chunk: when decoding fails, whisper.cpp would move on inside the chunk and encode
 * again, at the full price. What is left over is the caller's to decide, who knows where speech is.
 */
static bool encoder_may_run(struct whisper_context *ctx, struct whisper_state *state, void *user)
{
    struct whisper_session *s = user;

    (void)ctx;
    (void)state;
    return s->encoder_runs++ == 0;
}

static void end_loops(struct whisper_context *ctx, struct whisper_state *state,
                      const struct whisper_token_data *tokens, int count, float *logits, void *user)
{
    struct whisper_session *s = user;

    (void)state;
    if (count == 0)
        s->looping = false; /* a new try, at a higher temperature */
    if (count == 0 || !kol_is_loop(&tokens->id, sizeof(*tokens), (size_t)count))
        return;
    s->looping = true;
    int eot = whisper_token_eot(ctx);
    for (int i = 0, vocab = whisper_n_vocab(ctx); i < vocab; i++)
        if (i != eot)
            logits[i] = -INFINITY;
}

static struct whisper_full_params
params_for(struct whisper_session *s, const struct kol_engine_request *request, double temperature)
{
    bool beam = request->beam > 1;
    struct whisper_full_params p =
        whisper_full_default_params(beam ? WHISPER_SAMPLING_BEAM_SEARCH : WHISPER_SAMPLING_GREEDY);

    p.n_threads = 1;
    p.no_context = true;
    p.single_segment = true; /* one window; its timestamps are among the tokens all the same */
    p.suppress_nst = true;   /* "(gentle music)" */
    p.print_progress = false;
    p.print_timestamps = false;
    p.language = request->language;
    p.initial_prompt = request->prompt;
    p.audio_ctx = request->audio_ctx;
    p.max_tokens = request->max_tokens;
    p.temperature = (float)temperature;
    p.temperature_inc = (float)KOL_DECODED_STEP;
    p.greedy.best_of = KOL_DECODED_BEST_OF;
    p.beam_search.beam_size = request->beam;
    /* Judging by probability is ours (text that whisper drops is gone without a trace). */
    p.logprob_thold = -INFINITY;
    p.no_speech_thold = INFINITY;
    p.abort_callback = should_abort;
    p.abort_callback_user_data = s;
    p.encoder_begin_callback = encoder_may_run;
    p.encoder_begin_callback_user_data = s;
    p.logits_filter_callback = end_loops;
    p.logits_filter_callback_user_data = s;
    return p;
}

/* ---- Results ---- */

static struct kol_decoded_token token_at(const struct whisper_session *s, int i)
{
    const struct whisper_token_data t = whisper_full_get_token_data_from_state(s->state, 0, i);
    const int first_time = whisper_token_beg(s->ctx);

    return (struct kol_decoded_token){
        .time_ms = t.id >= first_time ? (int64_t)(t.id - first_time) * 20 : -1,
        .text = t.id < whisper_token_eot(s->ctx) ? whisper_token_to_str(s->ctx, t.id) : NULL,
        .probability = t.p,
        .logprob = t.plog,
        .pause = t.ptsum, /* in its place a time might have come */
    };
}

static enum kol_code read_result(struct whisper_session *s, struct kol_arena *a,
                                 const struct kol_engine_request *request,
                                 struct kol_engine_result *ret, struct kol_err *err)
{
    struct kol_decoded run = {.looping = s->looping};

    if (whisper_full_n_segments_from_state(s->state) > 0) {
        run.count = whisper_full_n_tokens_from_state(s->state, 0);
        run.no_speech_prob = whisper_full_get_segment_no_speech_prob_from_state(s->state, 0);
        run.tokens = kol_arena_array(a, (size_t)run.count + 1, sizeof(*run.tokens));
        if (!run.tokens)
            return kol_fail(err, KOL_NO_MEMORY, "read speech result: out of memory");
    }
    for (int i = 0; i < run.count; i++)
        run.tokens[i] = token_at(s, i);
    return kol_decoded_read(a, request, &run, ret, err);
}

static enum kol_code run_once(struct kol_session *base, struct kol_arena *a,
                              const struct kol_engine_request *request, double temperature,
                              struct kol_engine_result *ret, struct kol_err *err)
{
    struct whisper_session *s = (struct whisper_session *)base;

    s->request = request;
    s->encoder_runs = 0;
    s->looping = false;
    int rc = whisper_full_with_state(s->ctx, s->state, params_for(s, request, temperature),
                                     request->pcm, (int)request->samples);
    if (should_abort(s))
        return kol_fail(err, KOL_CANCELLED, "transcription was stopped");
    if (rc != 0)
        return kol_fail(err, KOL_ENGINE, "whisper failed (%d)", rc);
    return read_result(s, a, request, ret, err);
}

static enum kol_code whisper_transcribe(struct kol_session *base, struct kol_arena *a,
                                        const struct kol_engine_request *request,
                                        struct kol_engine_result *ret, struct kol_err *err)
{
    return kol_decoded_try(run_once, base, a, request, ret, err);
}

static enum kol_code whisper_detect(struct kol_session *base,
                                    const struct kol_engine_request *request,
                                    const char *const *languages, size_t count, double *ret_probs,
                                    struct kol_err *err)
{
    struct whisper_session *s = (struct whisper_session *)base;
    float probs[128] = {0};
    double sum = 0;

    if (whisper_lang_max_id() >= 128)
        return kol_fail(err, KOL_BUG, "whisper knows %d languages", whisper_lang_max_id());
    if (whisper_pcm_to_mel_with_state(s->ctx, s->state, request->pcm, (int)request->samples, 1) !=
        0)
        return kol_fail(err, KOL_ENGINE, "whisper cannot read the sound");
    if (whisper_lang_auto_detect_with_state(s->ctx, s->state, 0, 1, probs) < 0)
        return kol_fail(err, KOL_ENGINE, "whisper cannot tell the language");

    for (size_t i = 0; i < count; i++)
        sum += probs[whisper_lang_id(languages[i])];
    for (size_t i = 0; i < count; i++)
        ret_probs[i] = sum > 0 ? probs[whisper_lang_id(languages[i])] / sum : 1.0 / (double)count;
    return KOL_OK;
}

const struct kol_engine_driver kol_engine_whisper = {
    .name = "whisper",
    .open = whisper_engine_open,
    .close = whisper_engine_close,
    .info = whisper_engine_info,
    .knows_language = whisper_knows_language,
    .count_tokens = whisper_count_tokens,
    .session_open = whisper_session_open,
    .session_close = whisper_session_close,
    .detect = whisper_detect,
    .transcribe = whisper_transcribe,
};
