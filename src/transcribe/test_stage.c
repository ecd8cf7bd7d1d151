/* test_stage.c - how long a recording may take. */
#include "base/test.h"
#include "conf/conf.h"
#include "transcribe/stage.h"

static void deadline_follows_the_length(void **state)
{
    const struct kol_conf conf = {.deadline_factor = 4};

    (void)state;
    check_int("an hour", kol_transcribe_deadline_ms(&conf, 3600), 4 * 3600000);
    check_int("a minute", kol_transcribe_deadline_ms(&conf, 60), 240000);
    check_int("short", kol_transcribe_deadline_ms(&conf, 5), 120000);
    check_int("not known", kol_transcribe_deadline_ms(&conf, 0), 4 * 3600000);
    check_int("not known", kol_transcribe_deadline_ms(&conf, -1), 4 * 3600000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(deadline_follows_the_length)};

    return cmocka_run_group_tests_name("transcribe stage", tests, NULL, NULL);
}
