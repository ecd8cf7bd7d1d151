#include "transcribe/engine.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "transcribe/native_simd.h"

static const struct kol_engine_driver *const drivers[] = {
#if KOL_NATIVE
    &kol_engine_native,
#endif
    &kol_engine_whisper,
    &kol_engine_openai,
};

static bool may_choose(const char *name)
{
    return !name || kol_streq(name, "auto");
}

bool kol_engine_native_is_there(void)
{
#if KOL_NATIVE
    return kol_cpu_avx2();
#else
    return false;
#endif
}

bool kol_engine_is_local(const char *name)
{
    return may_choose(name) || kol_streq(name, "native") ||
           kol_streq(name, kol_engine_whisper.name);
}

/* The engine that is best for whom nothing else was said. */
static enum kol_code open_best(const struct kol_engine_conf *conf, struct kol_engine **ret,
                               struct kol_err *err)
{
#if KOL_NATIVE
    struct kol_err why = {0};

    if (kol_engine_native.open(conf, ret, &why) == KOL_OK)
        return KOL_OK;
    kol_debug("the native engine is not used: %s", why.msg);
#endif
    return kol_engine_whisper.open(conf, ret, err);
}

enum kol_code kol_engine_open(const char *name, const struct kol_engine_conf *conf,
                              struct kol_engine **ret, struct kol_err *err)
{
    if (may_choose(name))
        return open_best(conf, ret, err);
    for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
        if (kol_streq(drivers[i]->name, name))
            return drivers[i]->open(conf, ret, err);
    if (kol_streq(name, "native"))
        return kol_fail(err, KOL_BAD_CONFIG, "the native engine was not built into this program");
    return kol_fail(err, KOL_BAD_CONFIG, "no speech engine is called '%s'", name);
}

void kol_engine_close(struct kol_engine *e)
{
    if (e)
        e->driver->close(e);
}

enum kol_code kol_session_open(struct kol_engine *e, struct kol_session **ret, struct kol_err *err)
{
    int64_t began_ms = kol_boot_ms();
    enum kol_code code = e->driver->session_open(e, ret, err);

    if (code == KOL_OK)
        kol_debug("speech session opened engine=%s ms=%lld", e->driver->name,
                  (long long)(kol_boot_ms() - began_ms));
    return code;
}

void kol_session_close(struct kol_session *s)
{
    if (s)
        s->engine->driver->session_close(s);
}

static enum kol_code check_request(const struct kol_engine_request *request, struct kol_err *err)
{
    if (!request->pcm || request->samples < KOL_PCM_RATE_HZ / 10)
        return kol_fail(err, KOL_BUG, "a chunk of %zu samples is too short", request->samples);
    if (request->samples > 30 * KOL_PCM_RATE_HZ)
        return kol_fail(err, KOL_BUG, "a chunk of %zu samples is too long", request->samples);
    return KOL_OK;
}

enum kol_code kol_session_transcribe(struct kol_session *s, struct kol_arena *a,
                                     const struct kol_engine_request *request,
                                     struct kol_engine_result *ret, struct kol_err *err)
{
    const struct kol_engine_driver *driver = s->engine->driver;
    int64_t began_ms = kol_boot_ms();
    enum kol_code code = check_request(request, err);

    if (code == KOL_OK && !driver->knows_language(s->engine, request->language))
        code = kol_fail(err, KOL_BAD_INPUT, "the model does not know language '%s'",
                        request->language);
    if (code != KOL_OK)
        return code;

    *ret = (struct kol_engine_result){0};
    code = driver->transcribe(s, a, request, ret, err);
    kol_debug("speech chunk code=%s audio_ms=%lld ms=%lld segments=%zu avg_logprob=%.2f "
              "no_speech=%.2f runaway=%d",
              kol_code_name(code), (long long)(request->samples * 1000 / KOL_PCM_RATE_HZ),
              (long long)(kol_boot_ms() - began_ms), ret->segment_count, ret->avg_logprob,
              ret->no_speech_prob, ret->runaway);
    return code;
}

enum kol_code kol_session_detect(struct kol_session *s, const struct kol_engine_request *request,
                                 const char *const *languages, size_t count, double *ret_probs,
                                 struct kol_err *err)
{
    const struct kol_engine_driver *driver = s->engine->driver;
    int64_t began_ms = kol_boot_ms();
    enum kol_code code = check_request(request, err);

    for (size_t i = 0; i < count && code == KOL_OK; i++)
        if (!driver->knows_language(s->engine, languages[i]))
            code =
                kol_fail(err, KOL_BAD_INPUT, "the model does not know language '%s'", languages[i]);
    if (code != KOL_OK)
        return code;

    code = driver->detect(s, request, languages, count, ret_probs, err);
    kol_debug("speech language code=%s ms=%lld", kol_code_name(code),
              (long long)(kol_boot_ms() - began_ms));
    return code;
}
