#include "transcribe/speed_rig.h"

#include "transcribe/whisper_log.h"
#include <stdlib.h>
#include <whisper.h>

#if KOL_NATIVE
#include "transcribe/native_decoder.h"
#include "transcribe/native_encoder.h"
#endif

/* ---- whisper.cpp ---- */

struct whisper_rig {
    struct whisper_context *ctx;
    struct whisper_state *state;
};

static void *whisper_load(const char *path)
{
    struct whisper_context_params params = whisper_context_default_params();

    kol_whisper_route_log();
    params.use_gpu = false;
    params.flash_attn = true;
    return whisper_init_from_file_with_params_no_state(path, params);
}

static void whisper_unload(void *model)
{
    whisper_free(model);
}

static void whisper_close(void *state)
{
    struct whisper_rig *r = state;

    if (!r)
        return;
    whisper_free_state(r->state);
    free(r);
}

static void *whisper_open(void *model)
{
    struct whisper_rig *r = calloc(1, sizeof(*r));

    if (!r)
        return NULL;
    r->ctx = model;
    r->state = whisper_init_state(r->ctx);
    if (!r->state) {
        whisper_close(r);
        return NULL;
    }
    return r;
}

static bool whisper_encode_window(void *state, const float *pcm, size_t samples)
{
    struct whisper_rig *r = state;

    return whisper_pcm_to_mel_with_state(r->ctx, r->state, pcm, (int)samples, 1) == 0 &&
           whisper_encode_with_state(r->ctx, r->state, 0, 1) == 0;
}

static bool whisper_decode_tokens(void *state, int tokens)
{
    struct whisper_rig *r = state;
    const whisper_token token = whisper_token_sot(r->ctx);

    for (int i = 0; i < tokens; i++)
        if (whisper_decode_with_state(r->ctx, r->state, &token, 1, i, 1) != 0)
            return false;
    return true;
}

const struct kol_speed_rig kol_speed_whisper = {
    .engine = "whisper",
    .load = whisper_load,
    .open = whisper_open,
    .encode = whisper_encode_window,
    .decode = whisper_decode_tokens,
    .close = whisper_close,
    .unload = whisper_unload,
};

#if KOL_NATIVE

/* ---- our own ---- */

struct native_model {
    struct kol_native_encoder *encoder;
    struct kol_native_decoder *decoder;
};

struct native_rig {
    struct kol_native_ear *ear;
    struct kol_native_pen *pen;
};

static void native_unload(void *model)
{
    struct native_model *m = model;

    if (!m)
        return;
    kol_native_encoder_close(m->encoder);
    kol_native_decoder_close(m->decoder);
    free(m);
}

static void *native_load(const char *path)
{
    struct native_model *m = calloc(1, sizeof(*m));
    struct kol_native_file *f = NULL;
    struct kol_err err;

    if (!m)
        return NULL;
    bool loaded = kol_native_file_open(path, &f, &err) == KOL_OK &&
                  kol_native_decoder_open(f, &m->decoder, &err) == KOL_OK &&
                  kol_native_encoder_open(f, &m->encoder, &err) == KOL_OK;
    kol_native_file_close(f);
    if (!loaded) {
        native_unload(m);
        return NULL;
    }
    return m;
}

static void native_close(void *state)
{
    struct native_rig *r = state;

    if (!r)
        return;
    kol_native_ear_close(r->ear);
    kol_native_pen_close(r->pen);
    free(r);
}

static void *native_open(void *model)
{
    const struct native_model *m = model;
    struct native_rig *r = calloc(1, sizeof(*r));
    struct kol_err err;

    if (!r)
        return NULL;
    if (kol_native_ear_open(m->encoder, &r->ear, &err) != KOL_OK ||
        kol_native_pen_open(m->decoder, 1, &r->pen, &err) != KOL_OK) {
        native_close(r);
        return NULL;
    }
    return r;
}

static bool native_encode(void *state, const float *pcm, size_t samples)
{
    struct native_rig *r = state;
    const float *encoded;
    struct kol_err err;

    return kol_native_encode(r->ear, pcm, samples, NULL, NULL, &encoded, &err) == KOL_OK &&
           kol_native_pen_hear(r->pen, 0, encoded, &err) == KOL_OK;
}

static bool native_decode(void *state, int tokens)
{
    struct native_rig *r = state;
    const int32_t token = 1;
    float *logits;
    struct kol_err err;

    for (int i = 0; i < tokens; i++) {
        const struct kol_native_step step = {.tokens = &token, .count = 1, .past = i};
        if (kol_native_write(r->pen, &step, 1, &logits, &err) != KOL_OK)
            return false;
    }
    return true;
}

const struct kol_speed_rig kol_speed_native = {
    .engine = "native",
    .load = native_load,
    .open = native_open,
    .encode = native_encode,
    .decode = native_decode,
    .close = native_close,
    .unload = native_unload,
};

#endif
