/* Form decoding, limits, and the spellings Twilio uses. */
#include "base/test.h"
#include "twilio/params.h"

#define AC "AC00000000000000000000000000000001"
#define CA "CA00000000000000000000000000000002"
#define RE "RE00000000000000000000000000000003"
#define GT "GT00000000000000000000000000000004"

static struct kol_params parse(struct kol_arena *a, const char *text)
{
    struct kol_err err;
    struct kol_params p;

    check_ok(text, kol_params_parse(a, text, strlen(text), &p, &err), &err);
    return p;
}

static void test_decoding(void **state)
{
    static const struct {
        const char *text;
        size_t count;
        const char *name, *value; /* of the last pair */
    } rows[] = {
        {"", 0, NULL, NULL},
        {"a=b", 1, "a", "b"},
        {"a", 1, "a", ""},
        {"=b", 1, "", "b"},
        {"a=b=c", 1, "a", "b=c"},
        {"a=1&b=2&", 2, "b", "2"},
        {"&&a=1", 1, "a", "1"},
        {"a+b=c+d", 1, "a b", "c d"},
        {"From=%2B972", 1, "From", "+972"},
        {"a=%d7%A9", 1, "a", "ש"},
        {"a=%", 1, "a", "%"},
        {"a=%4", 1, "a", "%4"},
        {"a=%zz%41", 1, "a", "%zzA"},
        {"a=%%341", 1, "a", "%41"},
    };
    KOL_ARENA a = kol_arena_new(0);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kol_params p = parse(a, rows[i].text);
        check_int(rows[i].text, p.count, rows[i].count);
        if (p.count) {
            check_str(rows[i].text, p.items[p.count - 1].name, rows[i].name);
            check_str(rows[i].text, p.items[p.count - 1].value, rows[i].value);
        }
        check_true(rows[i].text, !p.has_nul);
    }
}

static void test_limits(void **state)
{
    KOL_ARENA a = kol_arena_new(0);
    struct kol_params p;
    struct kol_err err;
    char *text = calloc(1, KOL_PARAMS_MAX_BYTES + 2);

    (void)state;
    assert_non_null(text);
    memset(text, 'a', KOL_PARAMS_MAX_BYTES + 1);
    check_ok("longest", kol_params_parse(a, text, KOL_PARAMS_MAX_BYTES, &p, &err), &err);
    check_code("longer", kol_params_parse(a, text, KOL_PARAMS_MAX_BYTES + 1, &p, &err),
               KOL_TOO_LARGE, &err);
    memset(text, '&', KOL_PARAMS_MAX);
    check_ok("most", kol_params_parse(a, text, KOL_PARAMS_MAX - 1, &p, &err), &err);
    check_code("too many", kol_params_parse(a, text, KOL_PARAMS_MAX, &p, &err), KOL_TOO_LARGE,
               &err);
    free(text);
}

static void test_nul_bytes(void **state)
{
    static const char *const rows[] = {"a=%00", "a%00b=c", "a=b%00c"};
    KOL_ARENA a = kol_arena_new(0);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_true(rows[i], parse(a, rows[i]).has_nul);
    struct kol_params p = parse(a, "a=b%00c");
    check_int("kept for the signature", p.items[0].value_len, 3);
}

static void test_repeats(void **state)
{
    KOL_ARENA a = kol_arena_new(0);
    struct kol_params p = parse(a, "D=1&D=2&E=%ff");
    KOL_JSON json = kol_params_json(&p);

    (void)state;
    check_str("first counts", kol_params_get(&p, "D"), "1");
    check_str("absent", kol_params_get(&p, "d"), NULL);
    check_str("json", kol_json_text(a, json), "{\"D\":\"1\",\"E\":\"\ufffd\"}");
}

static void test_durations(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds;
        const char *given;
    } rows[] = {
        {"13", 13, "13"},
        {"1", 1, "1"},
        {NULL, -1, "missing"},
        {"", -1, "\"\""},
        {"null", -1, "null"},
        {"None", -1, "None"},
        {"0", -1, "0"},
        {"-1", -1, "-1"},
        {"-13", -1, "-13"},
        {"1.5", -1, "1.5"},
        {" 13", -1, " 13"},
        {"13s", -1, "13s"},
        {"99999999999999999999", -1, "99999999999999999999"},
    };
    KOL_ARENA a = kol_arena_new(0);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kol_duration d = kol_duration_parse(a, rows[i].text);
        check_int(rows[i].text, d.seconds, rows[i].seconds);
        check_str(rows[i].text, d.given, rows[i].given);
    }
}

static void test_durations_of_json(void **state)
{
    static const struct {
        const char *json;
        int64_t seconds;
        const char *given;
    } rows[] = {
        {"{\"d\":\"13\"}", 13, "13"}, {"{\"d\":13}", 13, "13"},     {"{\"d\":\"-1\"}", -1, "-1"},
        {"{\"d\":-1}", -1, "-1"},     {"{\"d\":null}", -1, "null"}, {"{}", -1, "missing"},
        {"{\"d\":\"\"}", -1, "\"\""}, {"{\"d\":0}", -1, "0"},       {"{\"d\":[1]}", -1, "[1]"},
    };
    KOL_ARENA a = kol_arena_new(0);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        KOL_JSON json = NULL;
        struct kol_err err;
        check_ok(rows[i].json, kol_json_parse(rows[i].json, strlen(rows[i].json), &json, &err),
                 &err);
        struct kol_duration d = kol_duration_of_json(a, json_object_get(json, "d"));
        check_int(rows[i].json, d.seconds, rows[i].seconds);
        check_str(rows[i].json, d.given, rows[i].given);
    }
}

static void test_recording(void **state)
{
    KOL_ARENA a = kol_arena_new(0);
    struct kol_err err;
    struct kol_recording_params r;
    struct kol_params p = parse(
        a, "AccountSid=" AC "&CallSid=" CA "&RecordingSid=" RE "&RecordingUrl=https%3A%2F%2Fh%2Fx"
           "&RecordingStatus=completed&RecordingDuration=13&RecordingChannels=2&RecordingSource="
           "DialVerb"
           "&RecordingStartTime=Tue%2C+24+Mar+2026+18%3A15%3A40+%2B0000&ErrorCode=0&Unknown=x");

    (void)state;
    check_ok("full", kol_recording_params_read(a, &p, &r, &err), &err);
    check_str("account", r.account_sid, AC);
    check_str("call", r.call_sid, CA);
    check_str("recording", r.recording_sid, RE);
    check_str("url", r.url, "https://h/x");
    check_str("status", r.status, "completed");
    check_int("duration", r.duration.seconds, 13);
    check_int("channels", r.channels, 2);
    check_str("source", r.source, "DialVerb");
    check_int("started", r.started_at_ms, 1774376140000);
}

static void test_refused(void **state)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"", "AccountSid is missing"},
        {"AccountSid=" AC, "CallSid is missing"},
        {"AccountSid=" CA "&CallSid=" CA, "AccountSid is no account SID"},
        {"AccountSid=" AC "&CallSid=../../etc/passwd", "CallSid is no call SID"},
        {"AccountSid=" AC "&CallSid=" CA "0", "CallSid is no call SID"},
        {"AccountSid=" AC "&CallSid=" CA "&RecordingSid=RE1", "RecordingSid is no SID"},
        {"AccountSid=" AC "&CallSid=" CA "&RecordingSid=", "RecordingSid is no SID"},
        {"AccountSid=" AC "&CallSid=" CA "&X=%00", "NUL"},
        {"AccountSid=" AC "&CallSid=" CA "&CallSid=" CA "0", "CallSid is given twice"},
        {"AccountSid=" AC "&CallSid=" CA "&RecordingStatus=a%0Ab", "RecordingStatus"},
    };
    KOL_ARENA a = kol_arena_new(0);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kol_params p = parse(a, rows[i].text);
        struct kol_recording_params r;
        struct kol_err err = {0};
        check_code(rows[i].text, kol_recording_params_read(a, &p, &r, &err), KOL_BAD_INPUT, &err);
        check_has(rows[i].text, err.msg, rows[i].message);
    }
}

static void test_call(void **state)
{
    KOL_ARENA a = kol_arena_new(0);
    struct kol_err err;
    struct kol_call_params c;
    struct kol_params p =
        parse(a, "AccountSid=" AC "&CallSid=" CA "&CallSid=" CA
                 "&From=%2B972501234567&To=&CallStatus=in-progress&Direction=outbound-api"
                 "&SequenceNumber=2&CallDuration=30");

    (void)state;
    check_ok("call", kol_call_params_read(a, &p, &c, &err), &err);
    check_str("from", c.from, "+972501234567");
    check_str("to", c.to, "");
    check_int("sequence", c.sequence, 2);
    check_int("seconds", c.seconds, 30);
    check_true("in progress", !kol_call_status_terminal(c.status));
    check_true("no answer", kol_call_status_terminal("no-answer"));
    check_true("nothing", !kol_call_status_terminal(NULL));
    check_str("outbound", kol_call_direction(c.direction), "outbound");
    check_str("inbound", kol_call_direction("inbound"), "inbound");
    check_str("to the network", kol_call_direction("trunking-terminating"), "outbound");
    check_str("unknown", kol_call_direction(NULL), NULL);
}

#define DATA(words)                                                                                \
    "TranscriptionEvent=transcription-content&TranscriptionData=%7B%22transcript%22%3A%22" words   \
    "%22%7D"

static void test_transcription(void **state)
{
    static const struct {
        const char *rest, *event, *transcript, *error;
        bool final, outbound;
    } rows[] = {
        {"TranscriptionEvent=transcription-started", "started", "", NULL, true, false},
        {"TranscriptionEvent=transcription-content&Final=true&Track=outbound_track&"
         "TranscriptionData="
         "%7B%22transcript%22%3A%22%D7%A9%D7%9C%D7%95%D7%9D%22%7D",
         "content", "שלום", NULL, true, true},
        {"TranscriptionEvent=transcription-content&Final=false&TranscriptionData=%7B%22transcript%"
         "22%3A%22a%22%7D",
         "content", "a", NULL, false, false},
        {DATA("a") "&Final=FALSE", "content", "a", NULL, false, false},
        {DATA("a"), "content", "a", NULL, true, false}, /* only "false" is partial */
        {DATA(""), "content", "", NULL, true, false},
        {DATA("+%5Cn+"), "content", "", NULL, true, false},
        {DATA("hi%5CnAgent%3A++yes%5C%5C%5Ct%5Cu2028%5Cu0085%5Cu0001x"), "content",
         "hi Agent: yes\\ x", NULL, true, false},
        {DATA("%F0%9F%94%91+%5Cud83d%5Cudd11"), "content", "🔑 🔑", NULL, true, false},
        {DATA("a%5Cu0000b"), NULL, NULL, "TranscriptionData", 0, 0},
        {DATA("%5Cud83d"), NULL, NULL, "TranscriptionData", 0, 0}, /* half a surrogate pair */
        {DATA("%FF"), NULL, NULL, "TranscriptionData", 0, 0},
        {"TranscriptionEvent=transcription-content&TranscriptionData=x%00y", NULL, NULL, "NUL", 0,
         0},
        {"TranscriptionEvent=transcription-content&TranscriptionData=%7B%22transcript%22%3A5%7D",
         NULL, NULL, "no transcript", 0, 0},
        {"TranscriptionEvent=transcription-content&TranscriptionData=%22words%22", NULL, NULL,
         "no transcript", 0, 0},
        {"TranscriptionEvent=transcription-new", "new", "", NULL, true, false},
        {"TranscriptionEvent=transcription-content&Final=true", NULL, NULL,
         "TranscriptionData is missing", 0, 0},
        {"TranscriptionEvent=transcription-content&TranscriptionData=%7B", NULL, NULL,
         "TranscriptionData", 0, 0},
        {"TranscriptionEvent=transcription-content&TranscriptionData=%5B%5D", NULL, NULL,
         "no transcript", 0, 0},
        {"", NULL, NULL, "TranscriptionEvent is missing", 0, 0},
        {"TranscriptionEvent=recording", NULL, NULL, "no transcription event", 0, 0},
    };
    KOL_ARENA a = kol_arena_new(0);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kol_params p =
            parse(a, kol_arena_fmt(a, "AccountSid=" AC "&CallSid=" CA "&TranscriptionSid=" GT "&%s",
                                   rows[i].rest));
        struct kol_transcription_params t = {0};
        struct kol_err err = {0};
        enum kol_code expected = rows[i].error ? KOL_BAD_INPUT : KOL_OK;
        check_code(rows[i].rest, kol_transcription_params_read(a, &p, &t, &err), expected, &err);
        if (rows[i].error)
            check_has(rows[i].rest, err.msg, rows[i].error);
        check_str(rows[i].rest, t.event, rows[i].event);
        check_str(rows[i].rest, t.transcript, rows[i].transcript);
        check_int(rows[i].rest, t.final, rows[i].final);
        check_int(rows[i].rest, t.outbound, rows[i].outbound);
    }
}

/* Brackets in brackets, as many as a parameter has room for: refused, not a stack overflow. */
static void test_deep_transcription(void **state)
{
    KOL_ARENA a = kol_arena_new(0);
    char deep[20001];
    struct kol_err err = {0};
    struct kol_transcription_params t;

    (void)state;
    memset(deep, '[', 20000);
    deep[20000] = '\0';
    struct kol_params p = parse(a, kol_arena_fmt(a,
                                                 "AccountSid=" AC "&CallSid=" CA
                                                 "&TranscriptionEvent=transcription-content"
                                                 "&TranscriptionData=%s",
                                                 deep));
    check_code("deep", kol_transcription_params_read(a, &p, &t, &err), KOL_BAD_INPUT, &err);
}

static struct kol_transcription_params transcription(struct kol_arena *a, const char *rest)
{
    struct kol_err err = {0};
    struct kol_transcription_params t = {0};
    struct kol_params p = parse(a, kol_arena_fmt(a, "AccountSid=" AC "&CallSid=" CA "&%s", rest));

    check_ok(rest, kol_transcription_params_read(a, &p, &t, &err), &err);
    return t;
}

/* Without SequenceId a repeat is known again, and two lines of one time are two. */
static void test_sequence(void **state)
{
    static const char time[] = "&Timestamp=2026-03-24T18%3A15%3A40.123456Z";
    KOL_ARENA a = kol_arena_new(0);
    const char *first = kol_arena_fmt(a, "%s%s", DATA("one"), time);
    const char *second = kol_arena_fmt(a, "%s%s", DATA("two"), time);

    (void)state;
    check_int("given", transcription(a, DATA("a") "&SequenceId=7").sequence, 7);
    check_int("made up", transcription(a, first).sequence / 1000, 1774376140123);
    check_int("the same", transcription(a, first).sequence, transcription(a, first).sequence);
    check_true("another", transcription(a, first).sequence != transcription(a, second).sequence);
}

static void test_transcription_error(void **state)
{
    static const char event[] = "TranscriptionEvent=transcription-error";
    KOL_ARENA a = kol_arena_new(0);
    char longest[1000];

    (void)state;
    check_str("both",
              transcription(a, kol_arena_fmt(a,
                                             "%s&TranscriptionErrorCode=32655&TranscriptionError="
                                             "Provider%%0Aunavailable",
                                             event))
                  .error,
              "32655: Provider unavailable");
    check_str("nothing", transcription(a, event).error, "no reason given");
    check_str("no error", transcription(a, DATA("a")).error, NULL);
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    const char *rest = kol_arena_fmt(a, "%s&TranscriptionError=%s", event, longest);
    check_int("long", strlen(transcription(a, rest).error), 200);
}

static void test_times(void **state)
{
    static const struct {
        const char *text;
        int64_t at_ms;
    } rows[] = {
        {"Tue, 24 Mar 2026 18:15:40 +0000", 1774376140000},
        {"2026-03-24T18:15:40Z", 1774376140000},
        {"2026-03-24T18:15:40.123456Z", 1774376140123},
        {"2026-03-24T18:15:40", 0},
        {"2026-13-24T18:15:40Z", 0},
        {"2026-03-24T25:15:40Z", 0},
        {"2026-03-24", 0},
        {"yesterday", 0},
        {"", 0},
        {NULL, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_int(rows[i].text, kol_twilio_time(rows[i].text), rows[i].at_ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decoding),  cmocka_unit_test(test_limits),
        cmocka_unit_test(test_nul_bytes), cmocka_unit_test(test_repeats),
        cmocka_unit_test(test_durations), cmocka_unit_test(test_durations_of_json),
        cmocka_unit_test(test_recording), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_call),      cmocka_unit_test(test_transcription),
        cmocka_unit_test(test_times),     cmocka_unit_test(test_deep_transcription),
        cmocka_unit_test(test_sequence),  cmocka_unit_test(test_transcription_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
