#include "transcribe/open.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "transcribe/model_file.h"
#include "transcribe/transcribe.h"
#include "transcribe/vad.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int count_cores(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    return cores < 1 ? 1 : cores > 64 ? 64 : (int)cores;
}

/* A model that cannot be loaded is better found now than by the first call. */
static enum kol_code check_vad(const char *path, struct kol_err *err)
{
    struct kol_vad *vad;
    enum kol_code code = kol_vad_open(path, &vad, err);

    if (code == KOL_OK)
        kol_vad_close(vad);
    return code;
}

/* whisper.cpp believes what a file says of itself; so it gets only files that add up. */
static enum kol_code check_file(const char *path, enum kol_model_kind kind,
                                struct kol_model_info *ret, struct kol_err *err)
{
    if (kol_str_empty(path))
        return kol_fail(err, KOL_NO_MODEL, "no speech model is configured");
    enum kol_code code = kol_model_probe(path, ret, err);
    if (code == KOL_OK && (ret->kind != kind || ret->tensor_count == 0))
        code = kol_fail(err, KOL_NO_MODEL, "%s is no %s", path,
                        kind == KOL_MODEL_VAD ? "speech detection model" : "Whisper model");
    if (code == KOL_NOT_FOUND || code == KOL_BAD_INPUT)
        err->code = code = KOL_NO_MODEL;
    return code;
}

/*
 * Is there memory for the model? The native engine keeps weights in types of its own, which take
 * more than a small file of q5_0: then whisper.cpp is the better choice, if there is one.
 */
static enum kol_code check_memory(const struct kol_model_info *info, const char *path, int threads,
                                  const char **engine, struct kol_err *err)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const bool asked = kol_streq(*engine, "native");

    if (asked || (kol_engine_native_is_there() && !kol_streq(*engine, kol_engine_whisper.name))) {
        enum kol_code code = kol_model_fits(info, name, threads, true, err);
        if (code == KOL_OK || asked)
            return code;
        kol_debug("the native engine is not used: %s", err->msg);
        *engine = kol_engine_whisper.name;
    }
    return kol_model_fits(info, name, threads, false, err);
}

/* engine: replaced when another is to be opened. */
static enum kol_code check_files(const struct kol_transcriber_conf *conf, int threads,
                                 const char **engine, struct kol_err *err)
{
    struct kol_model_info info;
    enum kol_code code = check_file(conf->vad_path, KOL_MODEL_VAD, &info, err);

    if (code != KOL_OK || !kol_engine_is_local(*engine))
        return code; /* others have their models elsewhere */
    code = check_file(conf->model_path, KOL_MODEL_WHISPER, &info, err);
    return code == KOL_OK ? check_memory(&info, conf->model_path, threads, engine, err) : code;
}

static enum kol_code open_parts(struct kol_transcriber *t, const struct kol_transcriber_conf *conf,
                                struct kol_err *err)
{
    const struct kol_engine_conf engine = {.model = conf->model_path, .conf = conf->conf};
    const char *name = conf->engine;

    t->threads = conf->threads > 0 ? conf->threads : count_cores();
    t->vad_path = conf->vad_path ? strdup(conf->vad_path) : NULL;
    t->decode_program = conf->decode_program ? strdup(conf->decode_program) : NULL;
    if ((conf->vad_path && !t->vad_path) || (conf->decode_program && !t->decode_program))
        return kol_fail(err, KOL_NO_MEMORY, "open transcriber: out of memory");

    enum kol_code code = check_files(conf, t->threads, &name, err);
    if (code == KOL_OK)
        code = check_vad(t->vad_path, err);
    if (code == KOL_OK)
        code = kol_engine_open(name, &engine, &t->engine, err);
    if (code != KOL_OK)
        return code;
    t->engine->driver->info(t->engine, &t->info);
    return kol_pool_open(t->threads, t->engine, t->vad_path, &t->pool, err);
}

enum kol_code kol_transcriber_open(const struct kol_transcriber_conf *conf,
                                   struct kol_transcriber **ret, struct kol_err *err)
{
    int64_t began_ms = kol_boot_ms();
    struct kol_transcriber *t = calloc(1, sizeof(*t));

    if (!t)
        return kol_fail(err, KOL_NO_MEMORY, "open transcriber: out of memory");
    enum kol_code code = open_parts(t, conf, err);
    if (code != KOL_OK) {
        kol_transcriber_close(t);
        return code;
    }
    kol_debug("speech model loaded model=%s engine=%s threads=%d ms=%lld", t->info.model,
              kol_transcriber_engine(t), t->threads, (long long)(kol_boot_ms() - began_ms));
    *ret = t;
    return KOL_OK;
}

void kol_transcriber_close(struct kol_transcriber *t)
{
    if (!t)
        return;
    kol_pool_close(t->pool); /* first: its threads use the engine */
    kol_engine_close(t->engine);
    free(t->vad_path);
    free(t->decode_program);
    free(t);
}

const char *kol_transcriber_engine(const struct kol_transcriber *t)
{
    return t->engine->driver->name;
}

const char *kol_transcriber_model(const struct kol_transcriber *t)
{
    return t->info.model;
}

int kol_transcriber_threads(const struct kol_transcriber *t)
{
    return t->threads;
}

int64_t kol_transcriber_retry_after_ms(const struct kol_transcriber *t)
{
    return atomic_load(&((struct kol_transcriber *)(uintptr_t)t)->engine->retry_after_ms);
}

/* ---- Self-test ---- */

enum { TEST_SAMPLES = KOL_PCM_RATE_HZ / 2 };

/* Half a second like a vowel: a buzz of 120 Hz whose overtones are strongest near 700 and 1200 Hz.
 */
static void make_vowel(int16_t pcm[static TEST_SAMPLES])
{
    const double pi = 3.14159265358979323846;

    for (int i = 0; i < TEST_SAMPLES; i++) {
        double t = (double)i / KOL_PCM_RATE_HZ, sum = 0;
        for (int k = 1; k <= 24; k++) {
            double hz = 120.0 * k;
            double gain = exp(-pow((hz - 700) / 250, 2)) + 0.6 * exp(-pow((hz - 1200) / 300, 2));
            sum += (gain + 0.05) * sin(2 * pi * hz * t);
        }
        double fade = sin(pi * i / TEST_SAMPLES);
        pcm[i] = (int16_t)(sum * fade * 3000);
    }
}

static void put_le(uint8_t *at, uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

/* A wav file in memory: RIFF, fmt, data; 16 bit mono. */
static bool write_wav(int fd, const int16_t pcm[static TEST_SAMPLES])
{
    uint8_t file[44 + 2 * TEST_SAMPLES] = "RIFF....WAVEfmt ";

    put_le(file + 4, sizeof(file) - 8, 4);
    put_le(file + 16, 16, 4);
    put_le(file + 20, 1, 2);
    put_le(file + 22, 1, 2);
    put_le(file + 24, KOL_PCM_RATE_HZ, 4);
    put_le(file + 28, KOL_PCM_RATE_HZ * 2, 4);
    put_le(file + 32, 2, 2);
    put_le(file + 34, 16, 2);
    memcpy(file + 36, "data", 4);
    put_le(file + 40, 2 * TEST_SAMPLES, 4);
    for (int i = 0; i < TEST_SAMPLES; i++)
        put_le(file + 44 + 2 * i, (uint16_t)pcm[i], 2);
    return write(fd, file, sizeof(file)) == (ssize_t)sizeof(file);
}

static enum kol_code test_road(struct kol_transcriber *t, const int16_t pcm[static TEST_SAMPLES],
                               struct kol_err *err)
{
    KOL_CLEANUP(kol_close_fd) int fd = memfd_create("kol-selftest", MFD_CLOEXEC);
    KOL_ARENA a = kol_arena_new(0);
    struct kol_transcribe_options options = {.language = "en", .deadline_ms = 60000};
    struct kol_transcript transcript;
    char path[64];

    if (!a || fd < 0 || !write_wav(fd, pcm))
        return kol_fail(err, KOL_NO_MEMORY, "self-test: no memory for the sound");
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    enum kol_code code = kol_transcribe_file(t, a, path, &options, &transcript, err);
    if (code == KOL_OK && transcript.duration_ms != 500)
        code = kol_fail(err, KOL_ENGINE, "self-test: half a second came out as %lld ms",
                        (long long)transcript.duration_ms);
    return code;
}

/* The speech detector may rightly find no speech in the vowel, so the engine is asked directly. */
static enum kol_code test_engine(struct kol_transcriber *t, const int16_t pcm[static TEST_SAMPLES],
                                 struct kol_err *err)
{
    KOL_ARENA a = kol_arena_new(0);
    float sound[TEST_SAMPLES];
    struct kol_session *session;
    struct kol_engine_result result;
    struct kol_engine_request request = {
        .pcm = sound, .samples = TEST_SAMPLES, .language = "en", .beam = 1, .max_tokens = 8};

    for (int i = 0; i < TEST_SAMPLES; i++)
        sound[i] = (float)pcm[i] / 32768.0F;
    if (!a)
        return kol_fail(err, KOL_NO_MEMORY, "self-test: out of memory");
    enum kol_code code = kol_session_open(t->engine, &session, err);
    if (code != KOL_OK)
        return code;
    code = kol_session_transcribe(session, a, &request, &result, err);
    kol_session_close(session);
    if (code == KOL_OK && !isfinite(result.avg_logprob))
        code = kol_fail(err, KOL_ENGINE, "self-test: the engine computes no numbers");
    return code;
}

enum kol_code kol_transcriber_selftest(struct kol_transcriber *t, struct kol_err *err)
{
    int16_t pcm[TEST_SAMPLES];

    make_vowel(pcm);
    enum kol_code code = test_road(t, pcm, err);
    if (code == KOL_OK && !t->info.remote) /* it would cost, every few minutes */
        code = test_engine(t, pcm, err);
    return code;
}
