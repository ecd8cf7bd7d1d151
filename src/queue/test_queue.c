/* The queue's promises: order, fairness, fencing, due times, crashes, poison, retries. */
#include "base/clock.h"
#include "base/test.h"
#include "queue/queue.h"
#include "store/call.h"

static struct kol_db *db;
static struct kol_arena *a;
static struct kol_err err;
static char path[64];
static const struct kol_retry_rule rule = {.max_attempts = 3};

static int set_up(void **state)
{
    (void)state;
    snprintf(path, sizeof(path), "/tmp/kol-queue-%d.db", (int)getpid());
    unlink(path);
    a = kol_arena_new(0);
    if (kol_db_open(path, KOL_DB_WRITE, &db, &err) != KOL_OK ||
        kol_db_migrate(db, &err) != KOL_OK || kol_db_begin(db, &err) != KOL_OK)
        fail_msg("%s", err.msg);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kol_sys = &kol_sys_real;
    kol_db_rollback(db);
    kol_db_close(db);
    kol_arena_free(a);
    unlink(path);
    return 0;
}

#define ok(expression)                                                                             \
    do {                                                                                           \
        if ((expression) != KOL_OK)                                                                \
            fail_msg("%s: %s", #expression, err.msg);                                              \
    } while (0)

static int64_t add(const char *subject, int64_t business_id, int64_t order_key, int64_t due_at_ms)
{
    const struct kol_job_new job = {.kind = "full",
                                    .stage = "transcribe",
                                    .business_id = business_id,
                                    .call_id = 1,
                                    .call_sid = "CA",
                                    .subject = subject,
                                    .order_key = order_key,
                                    .due_at_ms = due_at_ms};
    int64_t id = 0;

    ok(kol_queue_add(db, &job, 1000, &id, &err));
    return id;
}

static struct kol_job *claim(int64_t now_ms)
{
    struct kol_job *job = NULL;

    ok(kol_queue_claim(db, a, "transcribe", "me", now_ms, &job, &err));
    return job;
}

static const char *subject_of(const struct kol_job *job)
{
    return job ? job->subject : NULL;
}

static void test_one_unfinished_job_per_subject(void **state)
{
    (void)state;
    assert_int_not_equal(add("RE1", 1, 10, 0), 0);
    assert_int_equal(add("RE1", 1, 10, 0), 0);
    struct kol_job *job = claim(1000);
    assert_int_equal(add("RE1", 1, 10, 0), 0); /* running counts as unfinished */
    ok(kol_queue_finish(db, job, 1001, &err));
    assert_int_not_equal(add("RE1", 1, 10, 0), 0);
}

static void test_order_within_a_business_and_turns_between(void **state)
{
    (void)state;
    static const char *const expected[] = {"a1", "b1", "a2", "b2", "a3", "a4", NULL};

    add("a2", 1, 20, 0);
    add("a1", 1, 10, 0);
    add("a4", 1, 40, 0);
    add("a3", 1, 30, 0);
    add("b1", 2, 900, 0);
    add("b2", 2, 901, 0);
    for (size_t i = 0; i < KOL_COUNT(expected); i++)
        check_str("turn", subject_of(claim(1000)), expected[i]);
}

static void test_due_times(void **state)
{
    (void)state;
    bool has;

    add("later", 1, 1, 5000);
    ok(kol_queue_has_work(db, "transcribe", 4999, &has, &err));
    assert_false(has);
    assert_null(claim(4999));
    ok(kol_queue_has_work(db, "transcribe", 5000, &has, &err));
    assert_true(has);
    struct kol_job *job = claim(5000);
    assert_string_equal(subject_of(job), "later");
    ok(kol_queue_again(db, job, 9000, "{\"format\":2}", 5001, &err));
    assert_null(claim(8999));
    job = claim(9000);
    assert_string_equal(job->data, "{\"format\":2}");
    assert_int_equal(job->attempt, 0); /* a wait is no failure */
}

static void test_late_owner_writes_nothing(void **state)
{
    (void)state;
    enum kol_job_state to;
    const struct kol_err failure = {.code = KOL_IO, .msg = "late"};

    add("RE1", 1, 1, 0);
    struct kol_job *zombie = claim(1000);
    ok(kol_queue_release_owner(db, "me", true, 1001, NULL, &err));
    struct kol_job *second = claim(1002);
    assert_true(second->token > zombie->token);
    assert_int_equal(kol_queue_check(db, zombie, &err), KOL_LOST_LEASE);
    assert_int_equal(kol_queue_extend(db, zombie, 0.5, &err), KOL_LOST_LEASE);
    assert_int_equal(kol_queue_finish(db, zombie, 1003, &err), KOL_LOST_LEASE);
    assert_int_equal(kol_queue_again(db, zombie, 9, "{}", 1003, &err), KOL_LOST_LEASE);
    assert_int_equal(kol_queue_fail(db, zombie, &failure, &rule, 0, 1, 1003, &to, &err),
                     KOL_LOST_LEASE);
    ok(kol_queue_check(db, second, &err));
    ok(kol_queue_finish(db, second, 1004, &err));
}

static struct kol_job *reread(int64_t id)
{
    struct kol_job *job = NULL;

    ok(kol_queue_by_id(db, a, id, &job, &err));
    return job;
}

static void test_failures_retry_pause_or_bury(void **state)
{
    (void)state;
    static const struct {
        enum kol_code code;
        enum kol_job_state expected;
        int attempts;
    } rows[] = {
        {KOL_NET_TIMEOUT, KOL_JOB_SCHEDULED, 1},
        {KOL_BAD_MEDIA, KOL_JOB_DEAD, 1},
        {KOL_REFUSED, KOL_JOB_PAUSED, 0},
        {KOL_CANCELLED, KOL_JOB_READY, 0},
    };

    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        const struct kol_err failure = {.code = rows[i].code, .msg = "why"};
        enum kol_job_state to;
        int64_t id = add(kol_code_name(rows[i].code), 1, 1, 0);
        struct kol_job *job = claim(1000);

        ok(kol_queue_fail(db, job, &failure, &rule, 0, 1, 1000, &to, &err));
        check_int(kol_code_name(rows[i].code), to, rows[i].expected);
        check_int(kol_code_name(rows[i].code), reread(id)->attempt, rows[i].attempts);
        check_str("error", reread(id)->error, "why");
        (void)!kol_queue_cancel(db, id, 1001,
                                &err); /* out of the next row's way; a dead one stays */
    }
}

/* Credentials that changed release the jobs of their account, no others. */
static void test_resume_by_account(void **state)
{
    static const char *const accounts[] = {"AC00000000000000000000000000000001",
                                           "AC00000000000000000000000000000002"};
    int64_t resumed = 0;

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct kol_job_new job = {
            .kind = "full", .stage = "transcribe", .call_sid = "CA", .subject = accounts[i]};
        int64_t id = 0;
        ok(kol_call_ensure(db, accounts[i], accounts[i], 1000, &job.call_id, &err));
        ok(kol_queue_add(db, &job, 1000, &id, &err));
    }
    for (int i = 0; i < 2; i++) {
        const struct kol_err refused = {.code = KOL_REFUSED, .msg = "401"};
        enum kol_job_state to;
        ok(kol_queue_fail(db, claim(1000), &refused, &rule, 0, 1, 1000, &to, &err));
    }
    ok(kol_queue_resume(db, "unassigned", accounts[0], 1002, &resumed, &err));
    assert_int_equal(resumed, 0);
    ok(kol_queue_resume(db, "refused", accounts[1], 1002, &resumed, &err));
    assert_int_equal(resumed, 1);
    assert_string_equal(subject_of(claim(1003)), accounts[1]);
    assert_null(claim(1003));
}

static void test_last_attempt_buries_and_an_operator_retries(void **state)
{
    (void)state;
    const struct kol_err failure = {.code = KOL_IO, .msg = "disk"};
    enum kol_job_state to = KOL_JOB_READY;
    int64_t id = add("RE1", 1, 1, 0);
    int64_t now_ms = 1000;

    for (int attempt = 1; attempt <= 3; attempt++) {
        struct kol_job *job = claim(now_ms += 100000);
        ok(kol_queue_fail(db, job, &failure, &rule, 0, 1, now_ms, &to, &err));
    }
    assert_int_equal(to, KOL_JOB_DEAD);
    assert_null(claim(now_ms + 1000000000));
    ok(kol_queue_retry(db, id, now_ms, &err));
    assert_int_equal(reread(id)->attempt, 0);
    assert_non_null(claim(now_ms));
    assert_int_equal(kol_queue_retry(db, id, now_ms, &err), KOL_CONFLICT); /* it runs */
    assert_int_equal(kol_queue_retry(db, 999, now_ms, &err), KOL_NOT_FOUND);
}

static void test_three_crashes_are_poison(void **state)
{
    (void)state;
    int64_t id = add("RE1", 1, 1, 0);

    for (int i = 0; i < KOL_MAX_CRASHES; i++) {
        assert_non_null(claim(1000));
        ok(kol_queue_release_owner(db, "me", true, 1000, NULL, &err));
    }
    assert_int_equal(reread(id)->state, KOL_JOB_DEAD);
    assert_string_equal(reread(id)->error_code, "crashed");
    assert_int_equal(reread(id)->attempt, 0);
}

static void test_shutdown_burns_nothing(void **state)
{
    (void)state;
    int64_t id = add("RE1", 1, 1, 0);

    claim(1000);
    ok(kol_queue_release_owner(db, "me", false, 1000, NULL, &err));
    assert_int_equal(reread(id)->crashes, 0);
    assert_non_null(claim(1000));
}

static int64_t fake_boot_ms;

static int64_t fake_boot(void)
{
    return fake_boot_ms;
}

static void test_reaper_takes_expired_leases_only(void **state)
{
    (void)state;
    struct kol_sys fake = kol_sys_real;
    int64_t count = 0;

    fake_boot_ms = 1000;
    fake.boot_ms = fake_boot;
    kol_sys = &fake;
    add("RE1", 1, 1, 0);
    struct kol_job *job = claim(1000);
    fake_boot_ms += KOL_LEASE_MS - 1;
    ok(kol_queue_reap(db, 2000, &count, &err));
    assert_int_equal(count, 0);
    ok(kol_queue_extend(db, job, 0.1, &err));
    fake_boot_ms += KOL_LEASE_MS;
    ok(kol_queue_reap(db, 2000, &count, &err));
    assert_int_equal(count, 0);
    fake_boot_ms += 2;
    ok(kol_queue_reap(db, 2000, &count, &err));
    assert_int_equal(count, 1);
}

static void test_kinds_do_not_touch_each_other(void **state)
{
    (void)state;
    const struct kol_job_new download = {.kind = "download",
                                         .stage = "transcribe",
                                         .call_id = 1,
                                         .call_sid = "CA",
                                         .subject = "RE1"};
    int64_t id = 0;

    assert_int_not_equal(add("RE1", 0, 1, 0), 0);
    ok(kol_queue_add(db, &download, 1000, &id, &err));
    assert_int_not_equal(id, 0);
    ok(kol_queue_cancel(db, id, 1000, &err));
    assert_string_equal(subject_of(claim(1000)), "RE1");
}

static void test_backoff_grows_and_stays_in_bounds(void **state)
{
    (void)state;
    for (int attempt = 1; attempt < 40; attempt++) {
        int64_t n = attempt < 18 ? attempt : 18;
        int64_t nominal = 15000 + n * n * n * n * 1000;
        int64_t got = kol_queue_backoff_ms(attempt);

        if (nominal > 86400000)
            nominal = 86400000;
        assert_true(got >= nominal * 9 / 10 && got <= nominal * 11 / 10);
    }
}

static void test_remaining_time(void **state)
{
    /* half done when it was measured, 10 s after the claim; asked 4 s later */
    struct kol_job job = {.state = KOL_JOB_RUNNING,
                          .progress = 0.5,
                          .updated_at_ms = 100000,
                          .lease_until_boot_ms = 5000 + KOL_LEASE_MS};

    (void)state;
    assert_int_equal(kol_job_remaining_ms(&job, 114000, 9000), 6000);
    job.progress = 0.99;
    assert_int_equal(kol_job_remaining_ms(&job, 114000, 9000), 0);
    job.progress = 0;
    assert_int_equal(kol_job_remaining_ms(&job, 114000, 9000), -1);
    job.progress = 0.5;
    job.state = KOL_JOB_READY;
    assert_int_equal(kol_job_remaining_ms(&job, 114000, 9000), -1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_one_unfinished_job_per_subject),
        T(test_order_within_a_business_and_turns_between),
        T(test_due_times),
        T(test_late_owner_writes_nothing),
        T(test_failures_retry_pause_or_bury),
        T(test_resume_by_account),
        T(test_last_attempt_buries_and_an_operator_retries),
        T(test_three_crashes_are_poison),
        T(test_shutdown_burns_nothing),
        T(test_reaper_takes_expired_leases_only),
        T(test_kinds_do_not_touch_each_other),
        T(test_backoff_grows_and_stays_in_bounds),
        cmocka_unit_test(test_remaining_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
