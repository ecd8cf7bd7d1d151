#include "transcribe/speed.h"

#include "base/cleanup.h"
#include "transcribe/engine.h"
#include "transcribe/model_file.h"
#include "transcribe/speed_rig.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { RATE = 16000, WINDOW_S = 30, TOKENS = 48, THREADS_MOST = 64 };

/*
 * What a call is like, for the estimate: facts of the measured ones. Speech of both channels is
 * packed into windows of 28 s that are nine tenths full; English has three tokens a second, Hebrew
 * more.
 */
#define SPEECH_PER_MINUTE_S 48.0
#define WINDOW_FILLED_S 25.0
#define TOKENS_PER_S 4.5
#define SCAN_PER_MINUTE_MS 400.0 /* decoding, speech detection, both channels */
#define EXAMPLE_MINUTES 5.0

struct bout { /* one thread's part */
    const struct kol_speed_rig *rig;
    void *model;
    pthread_barrier_t *barrier;
    pthread_t thread;
    double encode_ms, token_ms;
    bool failed;
};

/* Of this thread: what others do on the machine meanwhile does not count. */
static double cpu_ms(void)
{
    struct timespec t = {0};

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1000 + (double)t.tv_nsec / 1e6;
}

/* Both parts begin together on all threads: they compete for memory as in real work. */
static void *run_bout(void *arg)
{
    struct bout *b = arg;
    void *state = b->rig->open(b->model);
    float *pcm = calloc(WINDOW_S * RATE, sizeof(*pcm));

    for (int i = 0; pcm && i < WINDOW_S * RATE; i++)
        pcm[i] = (float)(i * 79 % 2001 - 1000) / 4000.0F;
    /* What is done once only, such as making code for this CPU, is not what a window costs. */
    b->failed = !state || !pcm || !b->rig->encode(state, pcm, WINDOW_S * RATE);
    pthread_barrier_wait(b->barrier);
    double began_ms = cpu_ms();
    b->failed = b->failed || !b->rig->encode(state, pcm, WINDOW_S * RATE);
    b->encode_ms = cpu_ms() - began_ms;
    pthread_barrier_wait(b->barrier);
    began_ms = cpu_ms();
    b->failed = b->failed || !b->rig->decode(state, TOKENS);
    b->token_ms = (cpu_ms() - began_ms) / TOKENS;
    pthread_barrier_wait(b->barrier);
    free(pcm);
    b->rig->close(state);
    return NULL;
}

static int64_t resident(void)
{
    KOL_CLEANUP(kol_close_file) FILE *f = fopen("/proc/self/statm", "re");
    char text[128] = "";
    char *end;

    if (!f || !fgets(text, sizeof(text), f))
        return 0;
    (void)strtoll(text, &end, 10);
    return strtoll(end, NULL, 10) * sysconf(_SC_PAGESIZE);
}

static enum kol_code run_bouts(const struct kol_speed_rig *rig, void *model, int threads,
                               struct kol_speed *ret, struct kol_err *err)
{
    struct bout bouts[THREADS_MOST];
    pthread_barrier_t barrier;
    int started = 0;
    bool failed = false;

    pthread_barrier_init(&barrier, NULL, (unsigned)threads + 1);
    for (; started < threads; started++) {
        bouts[started] = (struct bout){.rig = rig, .model = model, .barrier = &barrier};
        if (pthread_create(&bouts[started].thread, NULL, run_bout, &bouts[started]) != 0)
            abort(); /* the others wait at the barrier: there is no way back */
    }
    for (int i = 0; i < 2; i++)
        pthread_barrier_wait(&barrier);
    ret->resident_bytes = resident();
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < threads; i++) {
        pthread_join(bouts[i].thread, NULL);
        failed |= bouts[i].failed;
        ret->encode_ms += bouts[i].encode_ms / threads;
        ret->token_ms += bouts[i].token_ms / threads;
    }
    pthread_barrier_destroy(&barrier);
    return failed ? kol_fail(err, KOL_ENGINE, "the model does not compute") : KOL_OK;
}

static void estimate(struct kol_speed *s)
{
    const double windows = SPEECH_PER_MINUTE_S / WINDOW_FILLED_S;

    s->minute_cpu_ms = windows * s->encode_ms + SPEECH_PER_MINUTE_S * TOKENS_PER_S * s->token_ms +
                       SCAN_PER_MINUTE_MS;
    s->real_time_factor = s->minute_cpu_ms / s->threads / 60000;
    s->hang_up_to_transcript_s = EXAMPLE_MINUTES * 60 * s->real_time_factor;
    s->call_minutes_per_hour = s->real_time_factor > 0 ? 60 / s->real_time_factor : 0;
}

/* As the engine is chosen that transcribes: see kol_engine_open(). */
static enum kol_code load_best(const char *path, const struct kol_model_info *info, int threads,
                               const struct kol_speed_rig **ret, void **ret_model,
                               struct kol_err *err)
{
#if KOL_NATIVE
    *ret = &kol_speed_native;
    if (kol_engine_native_is_there() &&
        kol_model_fits(info, "measured", threads, true, err) == KOL_OK &&
        (*ret_model = kol_speed_native.load(path)))
        return KOL_OK;
#endif
    *ret = &kol_speed_whisper;
    enum kol_code code = kol_model_fits(info, "measured", threads, false, err);
    if (code != KOL_OK)
        return code;
    *ret_model = kol_speed_whisper.load(path);
    return *ret_model ? KOL_OK : kol_fail(err, KOL_NO_MODEL, "%s cannot be loaded", path);
}

enum kol_code kol_speed_measure(const char *path, int threads, struct kol_speed *ret,
                                struct kol_err *err)
{
    struct kol_model_info info;
    struct kol_speed speed = {.threads = threads > THREADS_MOST ? THREADS_MOST : threads};
    const struct kol_speed_rig *rig;
    void *model;
    enum kol_code code = kol_model_probe(path, &info, err);

    if (code == KOL_OK && (info.kind != KOL_MODEL_WHISPER || info.tensor_count == 0))
        code = kol_fail(err, KOL_NO_MODEL, "%s is no Whisper model", path);
    if (code == KOL_OK)
        code = load_best(path, &info, speed.threads, &rig, &model, err);
    if (code != KOL_OK)
        return code;
    code = run_bouts(rig, model, speed.threads, &speed, err);
    rig->unload(model);
    if (code != KOL_OK)
        return code;
    speed.engine = rig->engine;
    estimate(&speed);
    *ret = speed;
    return KOL_OK;
}
