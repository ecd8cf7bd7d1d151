/* test_gate.c - what is worth transcribing: tones and silence of real cadences against a voice. */
#include "audio/decode.h"
#include "audio/gate.h"
#include "base/test.h"
#include <math.h>

enum { RATE = 16000, MAX_S = 40, VOICE_MAX = 8 * RATE };
static int16_t pcm[MAX_S * RATE], voice[VOICE_MAX];
static size_t frames, voice_frames;

/* A sine or two at -15 dB, added at the end of pcm. */
static void add_tone(double hz1, double hz2, int ms)
{
    size_t n = (size_t)ms * RATE / 1000;

    for (size_t i = 0; i < n; i++, frames++) {
        double t = (double)frames / RATE;
        double v = sin(2 * M_PI * hz1 * t) + (hz2 > 0 ? sin(2 * M_PI * hz2 * t) : 0);
        pcm[frames] = (int16_t)(4000 * v + (rand_r(&(unsigned){(unsigned)frames}) % 41 - 20));
    }
}

static void add_silence(int ms)
{
    size_t n = (size_t)ms * RATE / 1000;

    for (size_t i = 0; i < n; i++)
        pcm[frames++] = (int16_t)(i % 3 * 4 - 4); /* idle noise of a mu-law line */
}

static void add_voice(void)
{
    memcpy(pcm + frames, voice, voice_frames * sizeof *voice);
    frames += voice_frames;
}

static struct kol_span *gate(struct kol_arena *a, size_t piece, size_t *ret_count)
{
    struct kol_gate g;
    struct kol_span *spans = NULL;
    struct kol_err err;

    kol_gate_init(&g);
    for (size_t at = 0; at < frames; at += piece)
        kol_gate_feed(&g, pcm + at, frames - at < piece ? frames - at : piece);
    check_ok("gate", kol_gate_finish(a, &g, &spans, ret_count, &err), &err);
    kol_gate_done(&g);
    return spans;
}

/* Milliseconds of one kind; checks on the way that the spans have no holes. */
static int64_t ms_of(enum kol_span_kind kind)
{
    KOL_ARENA a = kol_arena_new(0);
    size_t count;
    struct kol_span *spans = gate(a, 1234, &count);
    int64_t at = 0, sum = 0;

    for (size_t i = 0; i < count; i++) {
        check_int("no hole", spans[i].start_ms, at);
        check_true("not empty", spans[i].end_ms > spans[i].start_ms);
        check_true("another kind", i == 0 || spans[i].kind != spans[i - 1].kind);
        at = spans[i].end_ms;
        sum += spans[i].kind == kind ? spans[i].end_ms - spans[i].start_ms : 0;
    }
    check_int("to the end", at, ((int64_t)frames + 15) / 16);
    return sum;
}

static void check_near(const char *row, int64_t actual, int64_t expected, int64_t most)
{
    if (llabs(actual - expected) > most)
        fail_msg("[%s] is %lld ms, expected %lld", row, (long long)actual, (long long)expected);
}

static void drops_tones_by_cadence(void **state)
{
    static const struct {
        const char *name;
        double hz1, hz2;
        int on_ms, off_ms, times;
        enum kol_span_kind kind;
    } rows[] = {
        {"ringing, Israel", 400, 0, 1000, 3000, 4, KOL_SPAN_RINGING},
        {"ringing, US", 440, 480, 2000, 4000, 3, KOL_SPAN_RINGING},
        {"ringing, Europe", 425, 0, 1000, 4000, 3, KOL_SPAN_RINGING},
        {"busy, Israel", 400, 0, 500, 500, 8, KOL_SPAN_BUSY},
        {"busy, US", 480, 620, 500, 500, 8, KOL_SPAN_BUSY},
        {"congestion", 425, 0, 250, 250, 10, KOL_SPAN_BUSY},
        {"ringing, UK", 400, 450, 400, 200, 2, KOL_SPAN_BUSY},
        {"dial tone, US", 350, 440, 5000, 500, 1, KOL_SPAN_DIAL},
        {"dial tone, off by 1 %", 404, 0, 5000, 500, 1, KOL_SPAN_DIAL},
        {"one ring", 440, 480, 2000, 1000, 1, KOL_SPAN_TONE},
    };

    (void)state;
    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        frames = 0;
        add_silence(730);
        for (int n = 0; n < rows[i].times; n++) {
            add_tone(rows[i].hz1, rows[i].hz2, rows[i].on_ms);
            add_silence(rows[i].off_ms);
        }
        check_int(rows[i].name, ms_of(KOL_SPAN_KEEP), 0);
        check_near(rows[i].name, ms_of(rows[i].kind), rows[i].on_ms * rows[i].times,
                   100 * rows[i].times);
    }
}

static void drops_keys_and_silence(void **state)
{
    static const double low[] = {697, 770, 852, 941}, high[] = {1209, 1336, 1477, 1633};

    (void)state;
    frames = 0;
    add_silence(20000);
    check_near("silence", ms_of(KOL_SPAN_SILENCE), 20000, 0);

    frames = 0;
    for (int key = 0; key < 16; key++) {
        add_tone(low[key / 4], high[key % 4], 120);
        add_silence(180);
    }
    check_int("keys", ms_of(KOL_SPAN_KEEP), 0);
    check_true("keys are named", ms_of(KOL_SPAN_DTMF) >= 16 * 120);

    frames = 0;
    add_silence(5000);
    add_tone(2000, 0, 10);
    add_silence(5000);
    check_int("click", ms_of(KOL_SPAN_CLICK), 50);
}

static void keeps_a_voice(void **state)
{
    (void)state;
    frames = 0;
    add_voice();
    int64_t all_ms = (int64_t)frames / 16;
    check_true("voice", ms_of(KOL_SPAN_KEEP) >= all_ms * 8 / 10);
    check_int("no tone in a voice", ms_of(KOL_SPAN_TONE) + ms_of(KOL_SPAN_DTMF), 0);

    frames = 0;
    add_tone(440, 480, 2000);
    add_silence(2000);
    add_voice();
    add_silence(3000);
    check_true("after a ring", ms_of(KOL_SPAN_KEEP) >= all_ms * 8 / 10);
    check_near("the ring", ms_of(KOL_SPAN_TONE), 2000, 100);
    check_near("the rest", ms_of(KOL_SPAN_SILENCE), 4500, 900);
}

/* A sung note slides and breathes; a tone of 0.3 s that never comes again may be a vowel. */
static void keeps_what_only_sounds_like_a_tone(void **state)
{
    (void)state;
    frames = 0;
    for (int n = 0; n < 30; n++)
        add_tone(360 + 4 * n, 0, 50);
    check_near("sliding", ms_of(KOL_SPAN_KEEP), 1500, 0);

    frames = 0;
    add_silence(1000);
    add_tone(420, 0, 300);
    add_silence(1000);
    check_true("alone", ms_of(KOL_SPAN_KEEP) >= 300);

    frames = 0;
    add_tone(1000, 0, 2000);
    check_near("no tone of an exchange", ms_of(KOL_SPAN_KEEP), 2000, 0);
}

static void cuts_do_not_matter(void **state)
{
    static const size_t pieces[] = {1, 799, 800, 801, 100000};
    KOL_ARENA a = kol_arena_new(0);
    size_t count, again;

    (void)state;
    frames = 0;
    check_true("nothing", gate(a, 1, &count) != NULL && count == 0);
    add_voice();
    add_silence(1007);
    frames += 3;
    struct kol_span *spans = gate(a, 16000, &count);
    for (size_t i = 0; i < KOL_COUNT(pieces); i++) {
        struct kol_span *other = gate(a, pieces[i], &again);
        check_int("count", again, count);
        check_int("spans", memcmp(spans, other, count * sizeof *spans), 0);
    }
}

/* The voice that all cases use, through the real decoder. */
static int load_voice(void **state)
{
    const struct kol_decode_conf conf = {.program = getenv("KOL_DECODE")};
    KOL_CLEANUP(kol_decode_cleanup) struct kol_decode *d = NULL;
    int16_t *planes[] = {voice, NULL};
    struct kol_err err;
    size_t n = 0;

    (void)state;
    check_ok("open", kol_decode_open(&conf, KOL_TEST_DATA "/media/speech.mp3", &d, &err), &err);
    do {
        planes[0] = voice + voice_frames;
        check_ok("read", kol_decode_read(d, planes, VOICE_MAX - voice_frames, &n, &err), &err);
        voice_frames += n;
    } while (n > 0 && voice_frames < VOICE_MAX);
    return voice_frames > 3 * RATE ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drops_tones_by_cadence),
        cmocka_unit_test(drops_keys_and_silence),
        cmocka_unit_test(keeps_a_voice),
        cmocka_unit_test(keeps_what_only_sounds_like_a_tone),
        cmocka_unit_test(cuts_do_not_matter),
    };
    return cmocka_run_group_tests(tests, load_voice, NULL);
}
