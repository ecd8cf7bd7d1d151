/*
 * engine_openai.c - any OpenAI-compatible /v1/audio/transcriptions server behind the engine table.
 *
 * What is heard leaves this machine then. Each chunk goes as a wav file that Kol made, so neither
 * the recording nor its name is sent. A failure that may pass is tried again here a few times,
 * because a call has many chunks; what lasts fails the call's job, which has a schedule of its own.
 * Source: OpenAI's API reference, "Create transcription"; RFC 7578 (multipart/form-data).
 */
#include "transcribe/engine.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/language.h"
#include "base/log.h"
#include "base/str.h"
#include "net/http.h"
#include "transcribe/openai_answer.h"
#include <stdlib.h>
#include <string.h>

enum { TRIES = 4, WAIT_MOST_MS = 30000, WAV_HEAD = 44, FORM_MOST = 64 << 10, LEAST_SAMPLES = 1600 };

struct openai_engine {
    struct kol_engine base;
    const struct kol_conf *conf;
    char model[64];
};

struct openai_session {
    struct kol_session base;
    struct openai_engine *engine;
    struct kol_http *http;
};

static struct openai_engine *downcast(const struct kol_engine *e)
{
    return (struct openai_engine *)(uintptr_t)e;
}

/* ---- opening ---- */

static void openai_close(struct kol_engine *base)
{
    free(downcast(base));
}

static enum kol_code openai_open(const struct kol_engine_conf *conf, struct kol_engine **ret,
                                 struct kol_err *err)
{
    if (!conf->conf || kol_str_empty(conf->conf->openai_url))
        return kol_fail(err, KOL_BAD_CONFIG, "engine openai needs the setting openai_url");
    struct openai_engine *e = calloc(1, sizeof(*e));
    if (!e)
        return kol_fail(err, KOL_NO_MEMORY, "open speech engine: out of memory");
    e->base.driver = &kol_engine_openai;
    e->conf = conf->conf;
    snprintf(e->model, sizeof(e->model), "%s", conf->conf->openai_model);
    *ret = &e->base;
    return KOL_OK;
}

static void openai_info(const struct kol_engine *base, struct kol_engine_info *ret)
{
    *ret = (struct kol_engine_info){
        .model = downcast(base)->model,
        .multilingual = true,
        .remote = true,
        .max_prompt_tokens = 223, /* the API reads the last 224 */
    };
}

static bool openai_knows_language(const struct kol_engine *base, const char *language)
{
    (void)base;
    return kol_language_canonical(language) != NULL;
}

/* Hebrew letters are up to a token each: an upper bound. */
static int openai_count_tokens(const struct kol_engine *base, const char *text)
{
    (void)base;
    return (int)kol_utf8_count(text);
}

static void openai_session_close(struct kol_session *base)
{
    struct openai_session *s = (struct openai_session *)base;

    if (!s)
        return;
    kol_http_free(s->http);
    free(s);
}

static enum kol_code openai_session_open(struct kol_engine *base, struct kol_session **ret,
                                         struct kol_err *err)
{
    struct openai_session *s = calloc(1, sizeof(*s));

    if (!s)
        return kol_fail(err, KOL_NO_MEMORY, "open speech session: out of memory");
    s->base.engine = base;
    s->engine = downcast(base);
    enum kol_code code = kol_http_new(s->engine->conf, &s->http, err);
    if (code != KOL_OK) {
        openai_session_close(&s->base);
        return code;
    }
    *ret = &s->base;
    return KOL_OK;
}

/* ---- the form ---- */

static void put_le(uint8_t *at, uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

/* 16 kHz, mono, 16 bit. */
static void add_wav(struct kol_str *form, const float *pcm, size_t samples)
{
    uint8_t head[WAV_HEAD] = "RIFF....WAVEfmt ";
    uint8_t sample[2];
    const uint32_t bytes = (uint32_t)(2 * samples);

    put_le(head + 4, WAV_HEAD - 8 + bytes, 4);
    put_le(head + 16, 16, 4);
    put_le(head + 20, 1, 2);
    put_le(head + 22, 1, 2);
    put_le(head + 24, KOL_PCM_RATE_HZ, 4);
    put_le(head + 28, KOL_PCM_RATE_HZ * 2, 4);
    put_le(head + 32, 2, 2);
    put_le(head + 34, 16, 2);
    memcpy(head + 36, "data", 4);
    put_le(head + 40, bytes, 4);
    kol_str_add_bytes(form, (const char *)head, sizeof(head));
    for (size_t i = 0; i < samples; i++) {
        const float value = pcm[i] * 32767.0F;
        const int16_t s = value > 32767 ? 32767 : value < -32768 ? -32768 : (int16_t)value;
        put_le(sample, (uint16_t)s, 2);
        kol_str_add_bytes(form, (const char *)sample, sizeof(sample));
    }
}

static void add_field(struct kol_str *form, const char *boundary, const char *name,
                      const char *value)
{
    kol_str_add_fmt(form, "--%s\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n",
                    boundary, name, value);
}

/* language NULL: the server is to find it. The boundary is random: no text can hold it. */
static void make_form(const struct openai_session *s, const struct kol_engine_request *request,
                      const char *language, const float *pcm, size_t samples, const char *boundary,
                      struct kol_str *form)
{
    char temperature[32];

    snprintf(temperature, sizeof(temperature), "%.1f", request->temperature);
    add_field(form, boundary, "model", s->engine->model);
    if (language)
        add_field(form, boundary, "language", language);
    if (language && request->prompt)
        add_field(form, boundary, "prompt", request->prompt);
    add_field(form, boundary, "response_format", "verbose_json");
    add_field(form, boundary, "temperature", temperature);
    add_field(form, boundary, "timestamp_granularities[]", "word");
    add_field(form, boundary, "timestamp_granularities[]", "segment");
    kol_str_add_fmt(form,
                    "--%s\r\nContent-Disposition: form-data; name=\"file\"; filename=\"speech.wav\""
                    "\r\nContent-Type: audio/wav\r\n\r\n",
                    boundary);
    add_wav(form, pcm, samples);
    kol_str_add_fmt(form, "\r\n--%s--\r\n", boundary);
}

/* ---- sending ---- */

static bool should_stop(const struct kol_engine_request *request)
{
    return request->abort && request->abort(request->user);
}

static bool stop_of_http(void *user)
{
    return should_stop(user);
}

/* What a status means for the call's job; the endpoint's own words may hold parts of the request.
 */
static enum kol_code status_failure(int status, struct kol_err *err)
{
    switch (status) {
    case 404:
        return kol_fail(err, KOL_NO_MODEL,
                        "the speech server knows no such address or model (404): "
                        "see openai_url and openai_model");
    case 413:
        return kol_fail(err, KOL_BAD_CONFIG,
                        "the speech server takes no upload of this length (413): lower "
                        "openai_max_upload_bytes");
    case 400:
    case 415:
    case 422:
        return kol_fail(err, KOL_BAD_CONFIG,
                        "the speech server does not take the request (%d): it needs verbose_json",
                        status);
    case 401:
    case 403:
        return kol_fail(err, KOL_REFUSED, "the speech server refuses the key (%d): see openai_key",
                        status);
    default: /* of an int */
        return kol_fail(err, kol_http_status_code(status), "the speech server answered %d", status);
    }
}

static enum kol_code send_once(struct openai_session *s, struct kol_arena *a,
                               const struct kol_engine_request *request, const char *boundary,
                               const struct kol_str *form, struct kol_http_response *ret,
                               struct kol_err *err)
{
    const struct kol_conf *conf = s->engine->conf;
    const struct kol_http_header headers[] = {
        {"Content-Type", kol_arena_fmt(a, "multipart/form-data; boundary=%s", boundary)},
        {"Accept", "application/json"},
        {"Authorization", kol_arena_fmt(a, "Bearer %s", conf->openai_key)},
    };
    const struct kol_http_request http = {
        .method = "POST",
        .url = kol_arena_fmt(a, "%s/audio/transcriptions", conf->openai_url),
        .headers = headers,
        .header_count = kol_str_empty(conf->openai_key) ? 2 : 3,
        .body = form->data,
        .body_len = form->len,
        .timeout_ms = conf->openai_timeout_s * 1000,
        .stall_ms = conf->openai_timeout_s * 1000, /* it listens before it speaks */
        .max_response_bytes = KOL_OPENAI_ANSWER_BYTES,
        .ask_stop = stop_of_http,
        .ask_stop_user = (void *)(uintptr_t)request,
    };

    if (kol_arena_failed(a))
        return kol_fail(err, KOL_NO_MEMORY, "speech server: out of memory");
    enum kol_code code = kol_http_send(a, s->http, &http, ret, err);
    if (code == KOL_OK && ret->status != 200)
        return status_failure(ret->status, err);
    return code;
}

static bool may_pass(enum kol_code code)
{
    return code == KOL_NET || code == KOL_NET_TIMEOUT || code == KOL_TRUNCATED ||
           code == KOL_RATE_LIMITED || code == KOL_HTTP_STATUS;
}

/* 1, 2, 4 s, or what the server asks for. False when that is too long, or the call was stopped. */
static bool wait_for_server(const struct openai_session *s,
                            const struct kol_engine_request *request, int tried,
                            int64_t retry_after_ms)
{
    const int64_t divisor = s->engine->conf->test_wait_divisor;
    int64_t wait_ms = retry_after_ms > 0 ? retry_after_ms : 1000LL << tried;

    if (wait_ms > WAIT_MOST_MS)
        return false;
    for (wait_ms /= divisor; wait_ms > 0 && !should_stop(request); wait_ms -= 100)
        kol_sleep_ms(wait_ms < 100 ? wait_ms : 100);
    return !should_stop(request);
}

static enum kol_code send_form(struct openai_session *s, struct kol_arena *a,
                               const struct kol_engine_request *request, const char *boundary,
                               const struct kol_str *form, struct kol_http_response *ret,
                               struct kol_err *err)
{
    enum kol_code code = KOL_OK;

    for (int tried = 0; tried < TRIES; tried++) {
        *ret = (struct kol_http_response){.retry_after_ms = -1};
        code = send_once(s, a, request, boundary, form, ret, err);
        if (code == KOL_CANCELLED || should_stop(request))
            return kol_fail(err, KOL_CANCELLED, "transcription was stopped");
        atomic_store(&s->engine->base.retry_after_ms,
                     ret->retry_after_ms > 0 ? ret->retry_after_ms : 0);
        if (!may_pass(code) || tried == TRIES - 1)
            return code;
        kol_debug("speech server: %s; trying again", err->msg);
        if (!wait_for_server(s, request, tried, ret->retry_after_ms))
            break;
    }
    return should_stop(request) ? kol_fail(err, KOL_CANCELLED, "transcription was stopped") : code;
}

/* One upload and its answer. */
static enum kol_code hear(struct openai_session *s, struct kol_arena *a,
                          const struct kol_engine_request *request, const char *language,
                          const float *pcm, size_t samples, struct kol_engine_result *ret,
                          const char **ret_language, struct kol_err *err)
{
    KOL_STR form;
    struct kol_http_response response;
    char boundary[64];

    kol_random_token(18, boundary);
    kol_str_init(&form, WAV_HEAD + 2 * samples + FORM_MOST);
    make_form(s, request, language, pcm, samples, boundary, &form);
    if (kol_str_failed(&form))
        return kol_fail(err, KOL_NO_MEMORY, "speech server: out of memory");
    enum kol_code code = send_form(s, a, request, boundary, &form, &response, err);
    if (code != KOL_OK)
        return code;
    return kol_openai_read(a, response.body, response.body_len,
                           (int64_t)samples * 1000 / KOL_PCM_RATE_HZ, ret, ret_language, err);
}

/* ---- the table ---- */

/* The longest piece whose upload keeps to the limit. */
static size_t piece_samples(const struct openai_session *s)
{
    const int64_t bytes = s->engine->conf->openai_max_upload_bytes - WAV_HEAD - FORM_MOST / 8;

    return bytes > 2 * LEAST_SAMPLES ? (size_t)bytes / 2 : LEAST_SAMPLES;
}

static enum kol_code append(struct kol_arena *a, struct kol_engine_result *all,
                            const struct kol_engine_result *more, int64_t offset_ms, int piece,
                            struct kol_err *err)
{
    const size_t count = all->segment_count + more->segment_count;
    struct kol_engine_segment *list = kol_arena_array(a, count + 1, sizeof(*list));

    if (!list)
        return kol_fail(err, KOL_NO_MEMORY, "speech server: out of memory");
    for (size_t i = 0; i < all->segment_count; i++)
        list[i] = all->segments[i];
    for (size_t i = 0; i < more->segment_count; i++) {
        struct kol_engine_segment *s = &list[all->segment_count + i];
        *s = more->segments[i];
        s->start_ms += offset_ms;
        s->end_ms += offset_ms;
        for (size_t k = 0; k < s->token_count && s->tokens[k].start_ms >= 0; k++) {
            s->tokens[k].start_ms += offset_ms;
            s->tokens[k].end_ms += offset_ms;
        }
    }
    all->segments = list;
    all->segment_count = count;
    all->avg_logprob = (all->avg_logprob * piece + more->avg_logprob) / (piece + 1);
    all->no_speech_prob = (all->no_speech_prob * piece + more->no_speech_prob) / (piece + 1);
    all->end_ms = offset_ms + more->end_ms;
    return KOL_OK;
}

static enum kol_code openai_transcribe(struct kol_session *base, struct kol_arena *a,
                                       const struct kol_engine_request *request,
                                       struct kol_engine_result *ret, struct kol_err *err)
{
    struct openai_session *s = (struct openai_session *)base;
    const size_t most = piece_samples(s);
    enum kol_code code = KOL_OK;
    int piece = 0;

    for (size_t at = 0; at < request->samples && code == KOL_OK; piece++) {
        const size_t left = request->samples - at;
        const size_t samples = left <= most ? left : left < 2 * most ? left / 2 + 1 : most;
        struct kol_engine_result more;
        const char *language;

        if (samples < LEAST_SAMPLES && at > 0)
            break; /* a tenth of a second holds no word */
        code = hear(s, a, request, request->language, request->pcm + at, samples, &more, &language,
                    err);
        if (code == KOL_OK)
            code = append(a, ret, &more, (int64_t)at * 1000 / KOL_PCM_RATE_HZ, piece, err);
        at += samples;
    }
    return code;
}

/* It says one language without a probability. One that is not allowed says nothing. */
static enum kol_code openai_detect(struct kol_session *base,
                                   const struct kol_engine_request *request,
                                   const char *const *languages, size_t count, double *ret_probs,
                                   struct kol_err *err)
{
    struct openai_session *s = (struct openai_session *)base;
    KOL_ARENA a = kol_arena_new(0);
    struct kol_engine_result result;
    const char *heard = NULL;
    const size_t most = piece_samples(s);
    bool found = false;

    if (!a)
        return kol_fail(err, KOL_NO_MEMORY, "speech server: out of memory");
    enum kol_code code =
        hear(s, a, request, NULL, request->pcm, request->samples < most ? request->samples : most,
             &result, &heard, err);
    if (code != KOL_OK)
        return code;
    for (size_t i = 0; i < count; i++)
        found |= kol_streq(languages[i], heard);
    for (size_t i = 0; i < count; i++)
        ret_probs[i] = found ? kol_streq(languages[i], heard) : 1.0 / (double)count;
    return KOL_OK;
}

const struct kol_engine_driver kol_engine_openai = {
    .name = "openai",
    .open = openai_open,
    .close = openai_close,
    .info = openai_info,
    .knows_language = openai_knows_language,
    .count_tokens = openai_count_tokens,
    .session_open = openai_session_open,
    .session_close = openai_session_close,
    .detect = openai_detect,
    .transcribe = openai_transcribe,
};
