/* One run's outcome: result, end of job and next job are one transaction, fenced by the token. */
#include "base/clock.h"
#include "base/test.h"
#include "pipeline/run.h"
#include "store/fact.h"

static struct kol_writer *writer;
static struct kol_conf conf = {.test_wait_divisor = 1};
static atomic_bool offline_on = true, stopping = false;
static struct kol_stage_env env;
static struct kol_arena *arena;
static char folder[64];

static const struct kol_stage stage = {
    .name = "understand", .next = "deliver", .retry = {.max_attempts = 2}};

static int set_up(void **state)
{
    struct kol_err err = {0};

    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/kol-run-XXXXXX");
    if (!mkdtemp(folder) || kol_writer_start(folder, NULL, &writer, &err) != KOL_OK)
        fail_msg("%s", err.msg);
    arena = kol_arena_new(0);
    env = (struct kol_stage_env){
        .conf = &conf, .writer = writer, .offline_on = &offline_on, .stopping = &stopping};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kol_writer_stop(writer);
    kol_arena_free(arena);
    return 0;
}

static enum kol_code add_change(struct kol_db *db, void *arg, struct kol_err *err)
{
    const struct kol_job_new job = {
        .kind = arg, .stage = "understand", .call_id = 1, .call_sid = "CA", .subject = "RE"};

    return kol_queue_add(db, &job, kol_wall_ms(), NULL, err);
}

static void claim(struct kol_stage_run *run, const char *kind)
{
    struct kol_err err = {0};

    *run = (struct kol_stage_run){.env = &env, .arena = arena, .wait_divisor = 1};
    assert_int_equal(kol_write(writer, add_change, (void *)(uintptr_t)kind, &err), KOL_OK);
    assert_int_equal(kol_run_claim(run, &stage, "me", &err), KOL_OK);
    assert_non_null(run->job);
}

static enum kol_code save_fact(struct kol_db *db, struct kol_stage_run *run, struct kol_err *err)
{
    return kol_fact_set(db, run->save_arg, "1", err);
}

static enum kol_code save_and_fail(struct kol_db *db, struct kol_stage_run *run,
                                   struct kol_err *err)
{
    enum kol_code code = save_fact(db, run, err);

    return code == KOL_OK ? kol_fail(err, KOL_BAD_INPUT, "cannot be stored") : code;
}

static bool stored(const char *name)
{
    struct kol_err err = {0};
    struct kol_db *db = kol_reader_borrow(writer, &err);
    char *value = NULL;

    assert_int_equal(kol_fact_get(db, arena, name, &value, &err), KOL_OK);
    kol_reader_return(writer, db);
    return value != NULL;
}

static struct kol_job *newest(const char *of_stage)
{
    struct kol_err err = {0};
    struct kol_db *db = kol_reader_borrow(writer, &err);
    const struct kol_job_filter filter = {.stage = of_stage};
    struct kol_job *jobs = NULL;
    size_t n = 0;

    assert_int_equal(kol_queue_list(db, arena, &filter, &jobs, &n, &err), KOL_OK);
    kol_reader_return(writer, db);
    return n ? &jobs[0] : NULL;
}

static void test_result_end_and_next_job_come_together(void **state)
{
    (void)state;
    struct kol_stage_run run;

    claim(&run, "full");
    run.save = save_fact;
    run.save_arg = (void *)(uintptr_t) "result";
    run.next_subject = "evt_1";
    kol_run_end(&run, &stage, KOL_OK, NULL);
    assert_true(stored("result"));
    assert_int_equal(newest("understand")->state, KOL_JOB_DONE);
    assert_string_equal(newest("deliver")->subject, "evt_1");
}

static void test_download_does_not_walk_on(void **state)
{
    (void)state;
    struct kol_stage_run run;

    claim(&run, "download");
    kol_run_end(&run, &stage, KOL_OK, NULL);
    assert_int_equal(newest("understand")->state, KOL_JOB_DONE);
    assert_null(newest("deliver"));
}

static void test_what_cannot_be_stored_fails_the_job_and_stores_nothing(void **state)
{
    (void)state;
    struct kol_stage_run run;

    claim(&run, "full");
    run.save = save_and_fail;
    run.save_arg = (void *)(uintptr_t) "half";
    kol_run_end(&run, &stage, KOL_OK, NULL);
    assert_false(stored("half"));
    assert_int_equal(newest("understand")->state, KOL_JOB_DEAD);
    assert_string_equal(newest("understand")->error, "cannot be stored");
    assert_null(newest("deliver"));
}

static enum kol_code release_change(struct kol_db *db, void *arg, struct kol_err *err)
{
    (void)arg;
    return kol_queue_release_owner(db, "me", true, kol_wall_ms(), NULL, err);
}

static void test_late_run_stores_nothing(void **state)
{
    (void)state;
    struct kol_stage_run run;
    struct kol_err err = {0};

    claim(&run, "full");
    run.save = save_fact;
    run.save_arg = (void *)(uintptr_t) "late";
    assert_int_equal(kol_write(writer, release_change, NULL, &err), KOL_OK);
    kol_run_end(&run, &stage, KOL_OK, NULL);
    assert_false(stored("late"));
    assert_null(newest("deliver"));
    assert_int_equal(newest("understand")->state, KOL_JOB_READY);
}

static void test_wait_is_no_failure_and_keeps_data(void **state)
{
    (void)state;
    struct kol_stage_run run;

    claim(&run, "full");
    run.again = true;
    run.again_in_ms = 5000;
    run.data = "{\"wait\":1}";
    kol_run_end(&run, &stage, KOL_OK, NULL);
    struct kol_job *job = newest("understand");
    assert_int_equal(job->state, KOL_JOB_SCHEDULED);
    assert_int_equal(job->attempt, 0);
    assert_string_equal(job->data, "{\"wait\":1}");
    assert_true(job->due_at_ms > kol_wall_ms() + 4000);
}

static bool buried;

static enum kol_code bury(struct kol_db *db, const struct kol_job *job,
                          const struct kol_err *failure, int64_t now_ms, struct kol_err *err)
{
    (void)now_ms;
    buried = kol_streq(failure->msg, "gone") && job->call_id == 1;
    return kol_fact_set(db, "buried", "1", err);
}

static void test_burying_tells_the_call(void **state)
{
    (void)state;
    struct kol_stage_run run;
    struct kol_stage with_bury = stage;
    const struct kol_err failure = {.code = KOL_GONE, .msg = "gone"};

    with_bury.bury = bury;
    claim(&run, "full");
    kol_run_end(&run, &with_bury, KOL_GONE, &failure);
    assert_true(buried);
    assert_true(stored("buried"));
    assert_int_equal(newest("understand")->state, KOL_JOB_DEAD);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_result_end_and_next_job_come_together),
        T(test_download_does_not_walk_on),
        T(test_what_cannot_be_stored_fails_the_job_and_stores_nothing),
        T(test_late_run_stores_nothing),
        T(test_wait_is_no_failure_and_keeps_data),
        T(test_burying_tells_the_call),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
