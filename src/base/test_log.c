/* test_log.c - the lines operators search for, word for word, in both forms. */
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/test.h"
#include <fcntl.h>
#include <time.h>

static char out[65536];
static int pipe_fds[2];

static int64_t fixed_ms(void)
{
    return 1795251823123;
}

static struct kol_sys fake;

static int start(void **state)
{
    (void)state;
    fake = kol_sys_real;
    fake.wall_ms = fixed_ms;
    kol_sys = &fake;
    setenv("TZ", "UTC", 1);
    tzset();
    if (pipe(pipe_fds) < 0)
        return -1;
    fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK);
    kol_log_setup(KOL_LOG_TEXT, KOL_INFO, pipe_fds[1]);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    kol_log_context_set(NULL);
    kol_log_setup(KOL_LOG_TEXT, KOL_INFO, STDERR_FILENO);
    kol_sys = &kol_sys_real;
    close(pipe_fds[0]);
    return close(pipe_fds[1]);
}

static const char *logged(void)
{
    ssize_t n = read(pipe_fds[0], out, sizeof out - 1);

    out[n > 0 ? n : 0] = '\0';
    return out;
}

static const struct kol_log_context in_job = {.call_sid = "CA1", .job_id = 12, .stage = "fetch"};

static void event_lines(void **state)
{
    (void)state;
    kol_log_context_set(&in_job); /* operators' lines stay as they are */
    kol_log_event(KOL_EV_WORKER_LOOP_STARTED);
    check_str("plain", logged(),
              "2026-11-21 09:03:43.123 INFO  ✅ [OFFLINE_STT] Recording worker loop started\n");
    kol_log_event(KOL_EV_NOT_READY, "duration=-1", 3, 1);
    check_str("numbers", logged(),
              "2026-11-21 09:03:43.123 INFO  [OFFLINE_STT] Recording not ready yet (duration=-1), "
              "will retry in 3s (attempt 1/5)\n");
    kol_log_event(KOL_EV_RECORDING_FETCHED, "RE1", "-1");
    check_str("duration", logged(),
              "2026-11-21 09:03:43.123 INFO  [OFFLINE_STT] Recording fetched: RE1, duration=-1s\n");
    kol_log_event(KOL_EV_EXTRACTED, "מנעולן", "עפולה", 0.95);
    check_str("hebrew", logged(),
              "2026-11-21 09:03:43.123 INFO  [OFFLINE_EXTRACT] ✅ Extracted: service='מנעולן', "
              "city='עפולה', confidence=0.95\n");
    kol_log_event(KOL_EV_WEBHOOK_REALTIME, 567LL);
    check_str("long", logged(),
              "2026-11-21 09:03:43.123 INFO  ℹ️ [WEBHOOK] Offline transcript missing → using "
              "realtime (567 chars)\n");
    kol_log_event(KOL_EV_GIVING_UP, NULL);
    check_str("null", logged(),
              "2026-11-21 09:03:43.123 ERROR ❌ [OFFLINE_STT] Giving up on recording null after 5 "
              "attempts\n");
}

/* The table uses only the four conversions the logger knows, and names a field for each. */
static void event_table(void **state)
{
#define X(name, level, json, fmt, fields) {json, fmt, fields},
    static const struct {
        const char *json, *format, *fields;
    } rows[] = {KOL_EVENTS(X)};
#undef X

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int conversions = 0;
        for (const char *p = rows[i].format; (p = strchr(p, '%')); p++, conversions++)
            check_true(p, kol_starts_with(p, "%s") || kol_starts_with(p, "%d") ||
                              kol_starts_with(p, "%lld") || kol_starts_with(p, "%.2f"));
        int names = *rows[i].fields != '\0';
        for (const char *p = rows[i].fields; (p = strchr(p, ',')); p++)
            names++;
        check_int(rows[i].json, names, conversions);
        check_true(rows[i].json, conversions <= 4);
    }
}

static void other_lines(void **state)
{
    (void)state;
    kol_info("ready address=%s", "127.0.0.1:8080");
    check_str("plain", logged(), "2026-11-21 09:03:43.123 INFO  ready address=127.0.0.1:8080\n");
    kol_log_context_set(&in_job);
    kol_warn("slow");
    check_str("context", logged(),
              "2026-11-21 09:03:43.123 WARN  slow call=CA1 job=12 stage=fetch\n");
    kol_debug("hidden");
    check_str("level", logged(), "");
    kol_log_context_set(NULL);
    kol_error("x");
    check_str("cleared", logged(), "2026-11-21 09:03:43.123 ERROR x\n");
}

static void arguments_cannot_make_lines(void **state)
{
    static const struct {
        const char *text, *expected;
    } rows[] = {
        {"a\nb", "a\\x0ab"},
        {"a\r\033[31m\x7f", "a\\x0d\\x1b[31m\\x7f"},
        {"\xc2\x85\xc2\x9b", "\\xc2\\x85\\xc2\\x9b"},
        {"a\u202eb\u2028c\u2066", "a\\xe2\\x80\\xaeb\\xe2\\x80\\xa8c\\xe2\\x81\\xa6"},
        {"\xff\xc3", "\\xff\\xc3"},
        {"שלום → €😀 \u200e", "שלום → €😀 \u200e"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char expected[200];
        snprintf(expected, sizeof expected, "2026-11-21 09:03:43.123 INFO  got %s\n",
                 rows[i].expected);
        kol_info("got %s", rows[i].text);
        check_str(rows[i].text, logged(), expected);
        kol_log_event(KOL_EV_WORKER_NOT_STARTED, rows[i].text);
        check_has(rows[i].text, logged(), rows[i].expected);
    }
}

static json_t *logged_json(void)
{
    struct kol_err err;
    json_t *j = NULL;

    logged();
    check_ok(out, kol_json_parse(out, strlen(out), &j, &err), &err);
    return j;
}

static void json_lines(void **state)
{
    (void)state;
    kol_log_setup(KOL_LOG_JSON, KOL_INFO, pipe_fds[1]);
    kol_log_context_set(&in_job);

    kol_log_event(KOL_EV_EXTRACTED, "a\"\\\n", "\xff", 0.95);
    KOL_JSON event = logged_json();
    check_str("time", kol_json_get_str(event, "time"), "2026-11-21T09:03:43.123Z");
    check_str("level", kol_json_get_str(event, "level"), "INFO");
    check_str("event", kol_json_get_str(event, "event"), "extracted");
    check_str("service", kol_json_get_str(event, "service"), "a\"\\\n");
    check_str("city", kol_json_get_str(event, "city"), "\ufffd");
    check_true("number", json_is_real(json_object_get(event, "confidence")));
    check_str("message", kol_json_get_str(event, "message"),
              "[OFFLINE_EXTRACT] ✅ Extracted: service='a\"\\\\x0a', city='\\xff', confidence=0.95");
    check_str("call", kol_json_get_str(event, "call_sid"), "CA1");
    check_int("job", kol_json_get_int(event, "job_id", 0), 12);
    check_str("stage", kol_json_get_str(event, "stage"), "fetch");

    kol_log_event(KOL_EV_TRANSCRIPT_SAVED, 1234LL, "CA2"); /* its own call, not the context's */
    KOL_JSON saved = logged_json();
    check_str("call", kol_json_get_str(saved, "call_sid"), "CA2");
    check_int("chars", kol_json_get_int(saved, "chars", 0), 1234);

    kol_warn("a\nb");
    KOL_JSON line = logged_json();
    check_str("event", kol_json_get_str(line, "event"), "log");
    check_str("message", kol_json_get_str(line, "message"), "a\nb");
    check_str("level", kol_json_get_str(line, "level"), "WARN");
}

static void long_values_are_cut(void **state)
{
    char text[5001];

    (void)state;
    memset(text, '\x01', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    kol_info("%s", text);
    check_true("one line", kol_ends_with(logged(), "\\x01\n"));
    kol_log_setup(KOL_LOG_JSON, KOL_INFO, pipe_fds[1]);
    kol_log_event(KOL_EV_EXTRACTED, text, text, 1.0);
    KOL_JSON event = logged_json();
    check_true("whole", json_object_get(event, "confidence") != NULL);
}

static void private_values(void **state)
{
    (void)state;
    check_str("masked", kol_log_private("+972501234512"), "***12");
    check_str("short", kol_log_private("1234"), "***");
    check_str("hebrew", kol_log_private("דוד כהן"), "***ן");
    check_str("null", kol_log_private(NULL), "null");
    const char *a = kol_log_private("+972501234511");
    const char *b = kol_log_private("+972501234522");
    check_str("ring", a, "***11");
    check_str("ring", b, "***22");
    kol_log_setup(KOL_LOG_TEXT, KOL_DEBUG, pipe_fds[1]);
    check_str("debug", kol_log_private("+972501234512"), "+972501234512");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(event_lines, start, stop),
        cmocka_unit_test(event_table),
        cmocka_unit_test_setup_teardown(other_lines, start, stop),
        cmocka_unit_test_setup_teardown(arguments_cannot_make_lines, start, stop),
        cmocka_unit_test_setup_teardown(json_lines, start, stop),
        cmocka_unit_test_setup_teardown(long_values_are_cut, start, stop),
        cmocka_unit_test_setup_teardown(private_values, start, stop),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
