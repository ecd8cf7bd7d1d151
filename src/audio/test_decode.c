/* test_decode.c - recordings of every format, what is none, and decoders that misbehave. */
#include "audio/test_decode.h"
#include "audio/levels.h"
#include <math.h>
#include <sys/stat.h>

static char folder[256];
static struct kol_decode_conf conf;

static void media_path(char path[static 512], const char *file)
{
    snprintf(path, 512, "%s/media/%s", KOL_TEST_DATA, file);
}

static void new_path(char path[static 512], const char *file)
{
    snprintf(path, 512, "%s/%s", folder, file);
}

/* Share of a channel's energy at one frequency. */
static double share_at(const int16_t *pcm, size_t n, double hz)
{
    double re = 0, im = 0, energy = 0;

    for (size_t i = 0; i < n; i++) {
        re += pcm[i] * cos(2 * M_PI * hz * (double)i / 16000);
        im += pcm[i] * sin(2 * M_PI * hz * (double)i / 16000);
        energy += (double)pcm[i] * pcm[i];
    }
    return energy > 0 ? 2 * (re * re + im * im) / (energy * (double)n) : 0;
}

static void decodes_every_format(void **state)
{
    static const struct {
        const char *file, *format, *codec;
        int channels, rate, ms;
    } rows[] = {
        {"mono.mp3", "mp3", "mp3", 1, 8000, 1000},
        {"stereo.mp3", "mp3", "mp3", 2, 8000, 1000},
        {"bare.mp3", "mp3", "mp3", 1, 8000, 1150}, /* no tag: nothing says where the padding is */
        {"cover.mp3", "mp3", "mp3", 1, 8000, 1000},
        {"high.mp3", "mp3", "mp3", 2, 44100, 1000},
        {"mono.wav", "wav", "pcm_s16le", 1, 8000, 1000},
        {"stereo.wav", "wav", "pcm_s16le", 2, 8000, 550},
        {"mulaw.wav", "wav", "pcm_mulaw", 2, 8000, 1000},
        {"alaw.wav", "wav", "pcm_alaw", 1, 8000, 1000},
        {"opus.ogg", "ogg", "opus", 2, 48000, 1000},
        {"vorbis.ogg", "ogg", "vorbis", 1, 8000, 1000},
        {"stereo.m4a", "m4a", "aac", 2, 8000, 1024},
        {"fast.m4a", "m4a", "aac", 1, 8000, 1024}, /* holds a date */
        {"mono.flac", "flac", "flac", 1, 8000, 1000},
    };
    static const double hz[] = {500, 1100};
    enum { SKIP = 4000, LOOK = 4000 }; /* after the delay of a codec */

    (void)state;
    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        struct decoded r;
        struct kol_err err;
        char path[512];
        media_path(path, rows[i].file);
        check_ok(rows[i].file, decode_path(&conf, path, 32000, &r, &err), &err);
        check_str(rows[i].file, r.info.format, rows[i].format);
        check_str(rows[i].file, r.info.codec, rows[i].codec);
        check_int(rows[i].file, r.info.channels, rows[i].channels);
        check_int(rows[i].file, r.info.source_rate_hz, rows[i].rate);
        check_int(rows[i].file, r.frames, r.end.frames);
        check_int(rows[i].file, r.end.bad_packets, 0);
        check_true(rows[i].file, !r.end.cut_short);
        check_true(rows[i].file, llabs((long long)r.frames / 16 - rows[i].ms) <= 30);
        check_true(rows[i].file, llabs(r.info.duration_ms - rows[i].ms) <= 200);
        for (int c = 0; c < r.info.channels; c++) /* each channel its own sine, nothing mixed */
            check_true(rows[i].file, share_at(r.planes[c] + SKIP, LOOK, hz[c]) > 0.97);
        decoded_done(&r);
    }
}

static void check_refused(const char *row, const char *path, enum kol_code code, const char *part)
{
    struct decoded r;
    struct kol_err err;

    check_code(row, decode_path(&conf, path, 0, &r, &err), code, &err);
    check_has(row, err.msg, part);
    decoded_done(&r);
}

static void says_what_is_wrong(void **state)
{
    static const struct {
        const char *file, *bytes;
        size_t len;
        const char *part;
    } rows[] = {
        {"empty.mp3", "", 0, "the file is empty (0 bytes)"},
        {"text.mp3", "this is a text\n", 15,
         "not audio in a known format: the file holds plain text"},
        {"zeros.wav", "\0\0\0\0\0\0\0\0", 8, "holds zero bytes"},
        {"error.mp3", "<?xml version='1.0'?><TwilioResponse/>", 38, "holds XML text"},
        {"error.json", "{\"code\":20404}", 14, "holds JSON text"},
        {"riff.wav", "RIFF\0\0\0\0WAVE", 12, "broken wav"},
        {"ogg.ogg", "OggS\0\2\0\0\0\0", 10, "ogg"},
        {"flac.flac", "fLaC\0\0\0\x22", 8, "flac"},
        {"m4a.m4a",
         "\0\0\0\x14"
         "ftypM4A \0\0\0\0M4A ",
         20, "broken m4a"},
    };

    (void)state;
    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        char path[512];
        new_path(path, rows[i].file);
        write_test_file(path, rows[i].bytes, rows[i].len);
        check_refused(rows[i].file, path, KOL_BAD_MEDIA, rows[i].part);
    }
}

static void refuses_odd_recordings(void **state)
{
    char path[512];

    (void)state;
    media_path(path, "six.wav");
    check_refused("six channels", path, KOL_BAD_MEDIA, "6 channels: only one or two");
    media_path(path, "slow.wav");
    check_refused("1000 Hz", path, KOL_BAD_MEDIA, "sample rate of 1000 Hz");
    media_path(path, "adpcm.wav");
    check_refused("codec", path, KOL_BAD_MEDIA, "codec adpcm_ima_wav in a wav file");
    new_path(path, "absent.mp3");
    check_refused("absent", path, KOL_NOT_FOUND, "absent.mp3");
    check_refused("folder", folder, KOL_BAD_INPUT, "not a regular file");
    new_path(path, "fifo");
    check_true("mkfifo", mkfifo(path, 0600) == 0);
    check_refused("fifo", path, KOL_BAD_INPUT, "not a regular file");
}

static void refuses_noise(void **state)
{
    enum { TRIES = 20, BYTES = 20000 };
    static uint8_t noise[BYTES];

    (void)state;
    for (int i = 0; i < TRIES; i++) {
        char path[512];
        for (size_t at = 0; at < BYTES; at++)
            noise[at] = (uint8_t)rand_r(&(unsigned){(unsigned)(at + (size_t)i * BYTES)});
        noise[0] |= 0x80; /* never text, and never a magic */
        new_path(path, "noise.mp3");
        write_test_file(path, noise, BYTES);
        check_refused("noise", path, KOL_BAD_MEDIA, "the file holds unknown binary data");
    }
}

/* Reads a fixture into bytes; returns its length. */
static size_t load(const char *file, uint8_t *bytes, size_t room)
{
    char path[512];
    media_path(path, file);
    FILE *f = fopen(path, "rb");
    check_true(file, f != NULL);
    size_t len = fread(bytes, 1, room, f);
    fclose(f);
    return len;
}

/* Half a file is still worth its half, and says so where it can tell (FFmpeg clips a WAV's claim).
 */
static void takes_what_a_cut_file_holds(void **state)
{
    static const struct {
        const char *file;
        bool says_so, has_index_at_end;
    } rows[] = {
        {"speech.mp3", true, false},
        {"speech.wav", false, false},
        {"stereo.m4a", false, true},
    };
    static uint8_t bytes[100000];

    (void)state;
    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        struct decoded r;
        struct kol_err err;
        char path[512];
        bool wav = strcmp(rows[i].file, "speech.wav") == 0;
        size_t len = load(wav ? "mono.wav" : rows[i].file, bytes, sizeof bytes);
        new_path(path, rows[i].file);
        if (wav) /* claims 100 s in both of its sizes */
            memcpy(bytes + 40, "\x00\x6a\x18\x00", 4);
        write_test_file(path, bytes, wav ? len : len / 2);
        enum kol_code code = decode_path(&conf, path, 0, &r, &err);
        if (rows[i].has_index_at_end) {
            check_code(rows[i].file, code, KOL_BAD_MEDIA, &err);
        } else {
            check_ok(rows[i].file, code, &err);
            check_true(rows[i].file, r.frames > 8000);
            check_int(rows[i].file, r.end.cut_short, rows[i].says_so);
        }
        decoded_done(&r);
    }
}

/* A streamed WAV has no sizes yet: that is not an error; one without samples is a call of 0 s. */
static void accepts_wav_without_sizes(void **state)
{
    static uint8_t bytes[20000];
    struct decoded r;
    struct kol_err err;
    char path[512];
    size_t len = load("mono.wav", bytes, sizeof bytes);

    (void)state;
    new_path(path, "sizes.wav");
    memset(bytes + 4, 0xff, 4);
    memset(bytes + 40, 0xff, 4);
    write_test_file(path, bytes, len);
    check_ok("no sizes", decode_path(&conf, path, 0, &r, &err), &err);
    check_int("frames", r.frames, 16000);
    check_true("not cut", !r.end.cut_short);
    decoded_done(&r);

    memset(bytes + 40, 0, 4);
    write_test_file(path, bytes, 44);
    check_ok("no samples", decode_path(&conf, path, 0, &r, &err), &err);
    check_int("no samples", r.frames, 0);
    check_int("no samples", r.info.channels, 1);
    decoded_done(&r);
}

static void stops_at_the_longest(void **state)
{
    struct kol_decode_conf short_conf = conf;
    struct decoded r;
    struct kol_err err;
    char path[512];

    (void)state;
    short_conf.max_seconds = 2;
    media_path(path, "speech.mp3");
    check_code("4 s", decode_path(&short_conf, path, 0, &r, &err), KOL_TOO_LARGE, &err);
    check_has("4 s", err.msg, "longer than 2 s");
    decoded_done(&r);
}

/* A program in place of kol-decode that does what a broken one could. */
static enum kol_code run_instead(const char *script, struct kol_decode_conf with,
                                 struct kol_err *err)
{
    struct decoded r;
    char program[512], path[512];

    new_path(program, "decoder.sh");
    write_test_file(program, script, strlen(script));
    check_true("chmod", chmod(program, 0700) == 0);
    media_path(path, "mono.mp3");
    with.program = program;
    enum kol_code code = decode_path(&with, path, 0, &r, err);
    decoded_done(&r);
    return code;
}

static bool stop_soon(void *arg)
{
    int *asked = arg;
    return ++*asked > 3;
}

static void survives_its_decoder(void **state)
{
    static const struct {
        const char *script;
        enum kol_code code;
        const char *part;
    } rows[] = {
        {"#!/bin/sh\nexit 0\n", KOL_CRASHED, "status 0 in the middle"},
        {"#!/bin/sh\nexit 7\n", KOL_CRASHED, "status 7"},
        {"#!/bin/sh\nkill -SEGV $$\n", KOL_CRASHED, "signal 11 (SIGSEGV)"},
        {"#!/bin/sh\nkill -SYS $$\n", KOL_CRASHED, "(SIGSYS): it tried to leave its jail"},
        {"#!/bin/sh\nkill -XCPU $$\n", KOL_OVERDUE, "CPU time"},
        {"#!/bin/sh\nexec cat /dev/zero\n", KOL_CRASHED, "broke its protocol: no header"},
        {"#!/bin/sh\nexec cat <&3\n", KOL_CRASHED, "broke its protocol"},
        {"#!/bin/sh\nexec sleep 100\n", KOL_OVERDUE, "gave nothing new in 300 ms"},
        {"#!/bin/sh\nexec sleep 100 >/dev/null\n", KOL_CRASHED, "signal 9 (SIGKILL)"},
        {"#!/bin/sh\nprintf '\\4\\0\\0\\0\\7\\0\\0\\0\\1\\0\\0\\0bad'\nsleep 9\n", KOL_BAD_MEDIA,
         "bad"},
        {"#!/bin/sh\nprintf '\\4\\0\\0\\0\\7\\0\\0\\0\\4\\0\\0\\0jam'\n", KOL_REFUSED,
         "jail itself: jam"},
        {"#!/bin/sh\n[ -z \"$HOME$KOL_DECODE\" ] && exit 33\n", KOL_CRASHED, "status 33"},
        {"#!/bin/sh\n[ -e /dev/fd/4 ] || exit 44\n", KOL_CRASHED, "status 44"},
        {"no program at all", KOL_REFUSED, "cannot run"},
    };
    int before = count_descriptors();

    (void)state;
    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        struct kol_decode_conf with = {.wall_ms = 300};
        struct kol_err err;
        check_code(rows[i].script, run_instead(rows[i].script, with, &err), rows[i].code, &err);
        check_has(rows[i].script, err.msg, rows[i].part);
        check_nothing_left(rows[i].script, before);
    }
}

static void stops_when_asked(void **state)
{
    int asked = 0, before = count_descriptors();
    struct kol_decode_conf with = {.stop = stop_soon, .stop_arg = &asked};
    struct kol_err err;

    (void)state;
    check_code("stop", run_instead("#!/bin/sh\nexec sleep 100\n", with, &err), KOL_CANCELLED, &err);
    check_nothing_left("stop", before);
}

static void needs_its_program(void **state)
{
    struct kol_decode_conf with = {.program = "/nonexistent/kol-decode"};
    struct decoded r;
    struct kol_err err;
    char path[512];

    (void)state;
    media_path(path, "mono.mp3");
    check_code("absent", decode_path(&with, path, 0, &r, &err), KOL_REFUSED, &err);
    check_has("absent", err.msg, "cannot run /nonexistent/kol-decode");
    decoded_done(&r);
}

/* Closed in the middle: the child goes at once, and a slow reader is not taken for a slow child. */
static void may_be_closed_early_and_read_slowly(void **state)
{
    int before = count_descriptors();
    struct kol_decode_conf with = conf;
    struct kol_decode *d = NULL;
    static int16_t block[2][100];
    int16_t *planes[] = {block[0], block[1]};
    struct kol_err err;
    char path[512];
    size_t n;

    (void)state;
    with.wall_ms = 4000;
    media_path(path, "speech.mp3");
    check_ok("open", kol_decode_open(&with, path, &d, &err), &err);
    for (int i = 0; i < 3; i++) {
        usleep(1500000);
        check_ok("read", kol_decode_read(d, planes, 100, &n, &err), &err);
        check_int("read", n, 100);
    }
    kol_decode_close(d);
    check_nothing_left("close", before);
    kol_decode_close(NULL);
}

static int set_up(void **state)
{
    (void)state;
    conf.program = getenv("KOL_DECODE");
    signal(SIGPIPE, SIG_IGN); /* as in a server; the child must not inherit it */
    test_folder(folder);
    return 0;
}

static int clean_up(void **state)
{
    static const char *const files[] = {
        "empty.mp3",  "text.mp3",   "zeros.wav", "error.mp3",  "error.json", "riff.wav",
        "ogg.ogg",    "flac.flac",  "m4a.m4a",   "fifo",       "noise.mp3",  "speech.mp3",
        "speech.wav", "stereo.m4a", "sizes.wav", "decoder.sh",
    };
    char path[512];

    (void)state;
    for (size_t i = 0; i < KOL_COUNT(files); i++) {
        new_path(path, files[i]);
        unlink(path);
    }
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_every_format),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(refuses_odd_recordings),
        cmocka_unit_test(refuses_noise),
        cmocka_unit_test(takes_what_a_cut_file_holds),
        cmocka_unit_test(accepts_wav_without_sizes),
        cmocka_unit_test(stops_at_the_longest),
        cmocka_unit_test(survives_its_decoder),
        cmocka_unit_test(stops_when_asked),
        cmocka_unit_test(needs_its_program),
        cmocka_unit_test(may_be_closed_early_and_read_slowly),
    };
    return cmocka_run_group_tests(tests, set_up, clean_up);
}
