#include "transcribe/engine.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"

static const struct kol_engine_driver *const drivers[] = {&kol_engine_whisper, &kol_engine_openai};

enum kol_code kol_engine_open(const char *name, const struct kol_engine_conf *conf,
                              struct kol_engine **ret, struct kol_err *err)
{
    if (!name)
        name = drivers[0]->name;
    for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
        if (kol_streq(drivers[i]->name, name))
            return drivers[i]->open(conf, ret, err);
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
