/* The made-up model has the form of the real one, and measuring gives numbers that can be. */
#include "base/test.h"
#include "transcribe/catalog.h"
#include "transcribe/engine.h"
#include "transcribe/model_file.h"
#include "transcribe/speed.h"
#include <fcntl.h>

static struct kol_err err;

static void made_up_turbo(void **state)
{
    const int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    const struct kol_catalog_model *real = kol_catalog_find("large-v3-turbo-q5_0");
    struct kol_model_info info;
    char path[64];

    (void)state;
    assert_true(fd >= 0);
    check_ok("write", kol_speed_write_turbo(fd, &err), &err);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    check_ok("read", kol_model_probe(path, &info, &err), &err);
    check_str("weights", info.weights, "q5_0");
    check_int("tensors", info.tensor_count, 15 * 32 + 24 * 4 + 11);
    /* only the vocabulary's words are missing: half a megabyte */
    check_true("size", real->bytes - info.bytes > 300000 && real->bytes - info.bytes < 700000);
    close(fd);
}

static void measures(void **state)
{
    const char *models = getenv("KOL_MODELS");
    char path[512];
    struct kol_speed s;

    (void)state;
    assert_non_null(models);
    snprintf(path, sizeof path, "%s/ggml-base.bin", models);
    check_ok("measure", kol_speed_measure(path, 1, &s, &err), &err);
    check_true("times", s.encode_ms > 20 && s.encode_ms < 20000 && s.token_ms > 0.2);
    check_true("a window costs more than a token", s.encode_ms > s.token_ms);
    check_str("engine", s.engine, kol_engine_native_is_there() ? "native" : "whisper");
    check_true("memory", s.resident_bytes > 100000000);
    check_true("estimate", s.real_time_factor > 0 && s.call_minutes_per_hour > 10);
    check_code("no model", kol_speed_measure("/nowhere", 1, &s, &err), KOL_NOT_FOUND, &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(made_up_turbo), cmocka_unit_test(measures)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
