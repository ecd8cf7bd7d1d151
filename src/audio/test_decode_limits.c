/* test_decode_limits.c - long recordings and the limits of the jail, at full speed. */
#include "audio/test_decode.h"
#include <sys/resource.h>

enum { HOURS = 6, SECONDS = HOURS * 3600, RATE = 8000, HEADER = 58 };

/* A mono mu-law WAV of six hours; its samples are a hole in the file. */
static void write_long_wav(const char *path)
{
    static const uint8_t header[HEADER] = "RIFF\x32\xb8\x4c\x0aWAVEfmt \x12\0\0\0\x07\0\1\0"
                                          "\x40\x1f\0\0\x40\x1f\0\0\1\0\x08\0\0\0"
                                          "fact\4\0\0\0\x00\xb8\x4c\x0a"
                                          "data\x00\xb8\x4c\x0a";

    write_test_file(path, header, sizeof header);
    check_true(path, truncate(path, HEADER + (off_t)SECONDS * RATE) == 0);
}

/* The same, as long as a WAV can say: 149 hours, more than a second's work on any machine. */
static void write_longest_wav(const char *path)
{
    write_long_wav(path);
    FILE *f = fopen(path, "r+b");
    check_true(path, f && fseek(f, HEADER - 4, SEEK_SET) == 0);
    check_int(path, fwrite("\x00\xff\xff\xff", 1, 4, f), 4);
    fclose(f);
    check_true(path, truncate(path, 0xffffffffL) == 0);
}

static long peak_kb(int who)
{
    struct rusage use;

    getrusage(who, &use);
    return use.ru_maxrss;
}

static char folder[256], path[300];

static void six_hours_take_little_memory(void **state)
{
    const struct kol_decode_conf conf = {.program = getenv("KOL_DECODE")};
    struct decoded r;
    struct kol_err err;
    long before_kb = peak_kb(RUSAGE_SELF);

    (void)state;
    check_ok("six hours", decode_path(&conf, path, 0, &r, &err), &err);
    check_int("frames", r.frames, (long long)SECONDS * 16000);
    check_int("duration", r.info.duration_ms, SECONDS * 1000LL);
    check_true("we grow by less than 2 MB", peak_kb(RUSAGE_SELF) - before_kb < 2048);
    check_true("the decoder stays below 80 MB", peak_kb(RUSAGE_CHILDREN) < 80 * 1024);
    decoded_done(&r);
}

static void one_second_more_is_too_long(void **state)
{
    const struct kol_decode_conf conf = {.program = getenv("KOL_DECODE"),
                                         .max_seconds = SECONDS - 1};
    struct decoded r;
    struct kol_err err;

    (void)state;
    check_code("too long", decode_path(&conf, path, 0, &r, &err), KOL_TOO_LARGE, &err);
    decoded_done(&r);
}

static void cpu_time_ends(void **state)
{
    const struct kol_decode_conf conf = {
        .program = getenv("KOL_DECODE"), .cpu_seconds = 1, .max_seconds = 1000000};
    struct decoded r;
    struct kol_err err;

    (void)state;
    write_longest_wav(path);
    check_code("cpu", decode_path(&conf, path, 0, &r, &err), KOL_OVERDUE, &err);
    check_has("cpu", err.msg, "more than 1 s of CPU time");
    decoded_done(&r);
}

/* Too little to start with: an error of the decoder, not a crash of ours. */
static void memory_ends(void **state)
{
    const struct kol_decode_conf conf = {.program = getenv("KOL_DECODE"), .memory_mb = 1};
    struct decoded r;
    struct kol_err err;

    (void)state;
    enum kol_code code = decode_path(&conf, path, 0, &r, &err);
    check_true(kol_code_name(code), code == KOL_REFUSED || code == KOL_BAD_MEDIA);
    decoded_done(&r);
}

static int set_up(void **state)
{
    (void)state;
    test_folder(folder);
    snprintf(path, sizeof path, "%s/long.wav", folder);
    write_long_wav(path);
    return 0;
}

static int clean_up(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(six_hours_take_little_memory),
        cmocka_unit_test(one_second_more_is_too_long), cmocka_unit_test(memory_ends),
        cmocka_unit_test(cpu_time_ends), /* last: it makes the file longer */
    };
    return cmocka_run_group_tests(tests, set_up, clean_up);
}
