/* test_mutations.c - damaged recordings: each ends in samples or in one clear error, in time. */
#include "audio/test_decode.h"
#include "base/clock.h"

enum { MUTATIONS = 300, MAX_FILE = 32768, MAX_CHANGES = 40 };

static const char *const files[] = {
    "mono.mp3", "stereo.mp3", "cover.mp3",  "stereo.wav", "mulaw.wav", "alaw.wav",
    "opus.ogg", "vorbis.ogg", "stereo.m4a", "fast.m4a",   "mono.flac",
};

static size_t load(const char *file, uint8_t *bytes)
{
    char path[512];

    snprintf(path, sizeof path, "%s/media/%s", KOL_TEST_DATA, file);
    FILE *f = fopen(path, "rb");
    check_true(file, f != NULL);
    size_t len = fread(bytes, 1, MAX_FILE, f);
    fclose(f);
    return len;
}

/* A few bytes, mostly near the start where the sizes are; now and then a cut, or a run of ones. */
static size_t mutate(uint8_t *bytes, size_t len, unsigned *seed)
{
    int changes = 1 + rand_r(seed) % MAX_CHANGES;

    for (int i = 0; i < changes; i++) {
        size_t range = rand_r(seed) % 2 ? len : len < 256 ? len : 256;
        size_t at = (size_t)rand_r(seed) % range;
        switch (rand_r(seed) % 4) {
        case 0:
            bytes[at] ^= (uint8_t)(1 << rand_r(seed) % 8);
            break;
        case 1:
            bytes[at] = (uint8_t)rand_r(seed);
            break;
        case 2:
            memset(bytes + at, 0xff, len - at < 4 ? len - at : 4);
            break;
        default:
            memset(bytes + at, 0, len - at < 4 ? len - at : 4);
            break;
        }
    }
    return rand_r(seed) % 5 == 0 ? (size_t)rand_r(seed) % len : len;
}

/*
 * CRASHED and OVERDUE are clear errors too: that is what the jail is for. But FFmpeg is expected to
 * hold, so more than a few of them would be worth a look.
 */
static void damaged_files_end_clearly(void **state)
{
    const struct kol_decode_conf conf = {
        .program = getenv("KOL_DECODE"), .max_seconds = 600, .cpu_seconds = 10, .wall_ms = 30000};
    static uint8_t bytes[MAX_FILE];
    unsigned seed = (unsigned)kol_wall_ms();
    int count[KOL_CODE_COUNT] = {0}, before = count_descriptors();
    char folder[256], path[300];

    (void)state;
    if (getenv("KOL_TEST_SEED"))
        seed = (unsigned)strtoul(getenv("KOL_TEST_SEED"), NULL, 10);
    printf("seed: KOL_TEST_SEED=%u\n", seed);
    test_folder(folder);
    snprintf(path, sizeof path, "%s/mutant", folder);

    for (int i = 0; i < MUTATIONS; i++) {
        struct decoded r;
        struct kol_err err = {.msg = ""};
        size_t len = load(files[(size_t)i % KOL_COUNT(files)], bytes);
        write_test_file(path, bytes, mutate(bytes, len, &seed));
        enum kol_code code = decode_path(&conf, path, 0, &r, &err);
        count[code]++;
        check_true(err.msg, code == KOL_OK || code == KOL_BAD_MEDIA || code == KOL_TOO_LARGE ||
                                code == KOL_CRASHED || code == KOL_OVERDUE);
        check_true("a failure has a text", code == KOL_OK || err.msg[0]);
        if (code == KOL_CRASHED)
            printf("mutation %d of %s: %s\n", i, files[(size_t)i % KOL_COUNT(files)], err.msg);
        decoded_done(&r);
    }
    check_nothing_left("mutations", before);
    printf("decoded %d, bad media %d, too large %d, crashed %d, overdue %d\n", count[KOL_OK],
           count[KOL_BAD_MEDIA], count[KOL_TOO_LARGE], count[KOL_CRASHED], count[KOL_OVERDUE]);
    check_true("the jail holds, and FFmpeg too", count[KOL_CRASHED] + count[KOL_OVERDUE] <= 3);
    unlink(path);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(damaged_files_end_clearly)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
