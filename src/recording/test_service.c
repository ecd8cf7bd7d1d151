/* What a player is told, when a file counts as local, and that a download is queued once. */
#include "base/clock.h"
#include "base/file.h"
#include "base/test.h"
#include "queue/queue.h"
#include "recording/service.h"
#include "recording/turn.h"

#define AC "AC00000000000000000000000000000001"
#define CA "CA00000000000000000000000000000002"
#define RE "RE00000000000000000000000000000003"
#define URL "https://api.twilio.com/2010-04-01/Accounts/" AC "/Recordings/" RE

static struct kol_db *db;
static struct kol_arena *a;
static struct kol_conf conf;
static struct kol_err err;
static char folder[256], db_path[300], audio_path[400];

static int set_up(void **state)
{
    (void)state;
    test_folder(folder);
    a = kol_arena_new(0);
    conf = (struct kol_conf){.data_dir = folder, .test_wait_divisor = 1};
    snprintf(db_path, sizeof db_path, "%s/kol.db", folder);
    snprintf(audio_path, sizeof audio_path, "%s/%s.wav", folder, CA);
    if (kol_db_open(db_path, KOL_DB_WRITE, &db, &err) != KOL_OK ||
        kol_db_migrate(db, &err) != KOL_OK || kol_db_begin(db, &err) != KOL_OK)
        fail_msg("%s", err.msg);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kol_db_rollback(db);
    kol_db_close(db);
    kol_arena_free(a);
    unlink(db_path);
    unlink(audio_path);
    rmdir(folder);
    return 0;
}

static void test_local_means_complete_and_current(void **state)
{
    static const struct {
        const char *name, *file, *file_of, *current;
        int64_t bytes;
        bool local;
    } rows[] = {
        {"there", CA ".wav", RE, RE, 5, true},
        {"never fetched", NULL, NULL, RE, 0, false},
        {"cut", CA ".wav", RE, RE, 6, false},
        {"of another recording", CA ".wav", "RE00000000000000000000000000000009", RE, 5, false},
        {"lost", CA ".mp3", RE, RE, 5, false},
        {"a folder", ".", RE, RE, 5, false},
    };

    (void)state;
    check_ok("write", kol_file_write_atomic(audio_path, "audio", 5, &err), &err);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct kol_call call = {.audio_file = rows[i].file,
                                      .audio_bytes = rows[i].bytes,
                                      .audio_recording_sid = rows[i].file_of,
                                      .recording_sid = rows[i].current};
        const char *path = NULL;
        check_int(rows[i].name, kol_recording_find_local(a, &conf, &call, &path), rows[i].local);
        check_str(rows[i].name, path, rows[i].local ? audio_path : NULL);
    }
}

static void test_answers(void **state)
{
    static const struct {
        const char *name;
        enum kol_fetch_state state;
        int64_t next_at_ms;
        enum kol_recording_answer answer;
        int64_t retry_after_ms;
    } rows[] = {
        {"just known", KOL_FETCH_NONE, 0, KOL_RECORDING_COMING, 2000},
        {"queued", KOL_FETCH_WAITING, 0, KOL_RECORDING_COMING, 2000},
        {"lost file", KOL_FETCH_LOCAL, 0, KOL_RECORDING_COMING, 2000},
        {"given up", KOL_FETCH_GIVEN_UP, 61000, KOL_RECORDING_LATER, 60000},
        {"given up, due", KOL_FETCH_GIVEN_UP, 900, KOL_RECORDING_LATER, 1000},
        {"given up for good", KOL_FETCH_GIVEN_UP, 0, KOL_RECORDING_LATER, 3600000},
        {"refused", KOL_FETCH_REFUSED, 0, KOL_RECORDING_LATER, 600000},
        {"gone", KOL_FETCH_GONE, 0, KOL_RECORDING_NONE, 0},
    };
    struct kol_recording_status s;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct kol_call call = {.recording_url = URL,
                                      .recording_sid = RE,
                                      .fetch_state = rows[i].state,
                                      .fetch_next_at_ms = rows[i].next_at_ms};
        check_ok(rows[i].name, kol_recording_look(a, &conf, &call, 1000, &s, &err), &err);
        check_int(rows[i].name, s.answer, rows[i].answer);
        check_int(rows[i].name, s.retry_after_ms, rows[i].retry_after_ms);
        check_true(rows[i].name, s.reason && *s.reason);
    }
    check_ok("no call", kol_recording_look(a, &conf, NULL, 1000, &s, &err), &err);
    check_int("no call", s.answer, KOL_RECORDING_NONE);
    check_ok("no recording",
             kol_recording_look(a, &conf, &(struct kol_call){.call_sid = CA}, 1000, &s, &err),
             &err);
    check_int("no recording", s.answer, KOL_RECORDING_NONE);
}

static struct kol_recording_prepare prepare(bool hurry)
{
    struct kol_recording_prepare p = {.conf = &conf, .call_sid = CA, .hurry = hurry};

    check_ok("prepare", kol_recording_prepare(db, &p, &err), &err);
    return p;
}

static int64_t put_call(void)
{
    const struct kol_recording r = {
        .recording_sid = RE, .account_sid = AC, .status = "completed", .url = URL, .duration = 3};
    bool current, changed;
    int64_t id = 0;

    check_ok("call", kol_call_ensure(db, CA, AC, 1, &id, &err), &err);
    check_ok("recording", kol_call_put_recording(db, id, &r, 1, &current, &changed, &err), &err);
    return id;
}

static void test_prepare(void **state)
{
    (void)state;
    check_int("unknown call", prepare(false).ret_answer, KOL_RECORDING_NONE);
    int64_t id = put_call();
    struct kol_recording_prepare p = prepare(false);
    check_int("coming", p.ret_answer, KOL_RECORDING_COMING);
    check_int("queued", p.ret_queued, true);
    check_int("once", prepare(false).ret_queued, false);
    check_int("once", prepare(true).ret_queued, false);

    check_ok("given up", kol_call_set_fetch_state(db, id, KOL_FETCH_GIVEN_UP, "why", 99, 1, &err),
             &err);
    check_int("later", prepare(false).ret_answer, KOL_RECORDING_LATER);
    check_int("try again", prepare(true).ret_answer, KOL_RECORDING_COMING);
    check_int("coming", prepare(false).ret_answer, KOL_RECORDING_COMING);

    check_ok("gone", kol_call_set_fetch_state(db, id, KOL_FETCH_GONE, "deleted", 0, 1, &err), &err);
    check_int("no use", prepare(true).ret_answer, KOL_RECORDING_NONE);
}

/* "Try again" wakes the job that sleeps until tomorrow. */
static void test_hurry_wakes_the_full_job(void **state)
{
    const struct kol_job_new full = {.kind = "full",
                                     .stage = "fetch",
                                     .call_id = 1,
                                     .call_sid = CA,
                                     .subject = RE,
                                     .due_at_ms = kol_wall_ms() + 86400000};
    struct kol_job *job = NULL;
    int64_t job_id = 0, id = put_call();

    (void)state;
    check_ok("full", kol_queue_add(db, &full, 1, &job_id, &err), &err);
    check_ok("given up", kol_call_set_fetch_state(db, id, KOL_FETCH_GIVEN_UP, "why", 99, 1, &err),
             &err);
    prepare(false);
    check_ok("job", kol_queue_by_id(db, a, job_id, &job, &err), &err);
    check_int("sleeps", job->state, KOL_JOB_SCHEDULED);
    prepare(true);
    check_ok("job", kol_queue_by_id(db, a, job_id, &job, &err), &err);
    check_int("awake", job->state, KOL_JOB_READY);
}

static void test_turns(void **state)
{
    (void)state;
    check_true("first", kol_turn_take(RE, 1, 60000));
    check_true("second waits", !kol_turn_take(RE, 2, 60000));
    check_true("renewed", kol_turn_take(RE, 1, 60000));
    check_true("another recording", kol_turn_take("RE00000000000000000000000000000009", 2, 60000));
    kol_turn_leave(RE, 2); /* not its own */
    check_true("still waits", !kol_turn_take(RE, 2, 60000));
    kol_turn_leave(RE, 1);
    check_true("now", kol_turn_take(RE, 2, -1));
    check_true("a turn that ran out", kol_turn_take(RE, 3, 60000));
    kol_turn_leave(RE, 3);
    kol_turn_leave("RE00000000000000000000000000000009", 2);
    check_true("leaves nothing behind", kol_turn_take(RE, 4, -1));
    check_true("nor here", kol_turn_take("RE00000000000000000000000000000009", 4, -1));
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_local_means_complete_and_current), test(test_answers), test(test_prepare),
        test(test_hurry_wakes_the_full_job),         test(test_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
