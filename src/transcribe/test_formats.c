/* Each format, with what could break it. */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/test.h"
#include "transcribe/formats.h"

static const struct kol_word words[] = {{"Say", 3599000, 3599400, 0.9},
                                        {"\"hi\"", 3599400, 3600001, 0.5}};
static struct kol_segment segments[] = {
    {.channel = 0,
     .role = KOL_ROLE_AGENT,
     .start_ms = 3599000,
     .end_ms = 3600001,
     .text = "Say \"hi\" --> & <b>",
     .avg_logprob = -0.25,
     .words = words,
     .word_count = 2},
    {.channel = 1,
     .role = KOL_ROLE_CUSTOMER,
     .start_ms = 3601000,
     .end_ms = 3601000,
     .text = "=1+1"},
    {.channel = 1,
     .role = KOL_ROLE_CUSTOMER,
     .start_ms = 3602000,
     .end_ms = 3603000,
     .text = "Thanks for watching",
     .dropped_reason = "invented_phrase"},
};
static const struct kol_transcript transcript = {
    .segments = segments,
    .segment_count = 3,
    .kept_count = 2,
    .text = "Agent: Say\nCustomer: =1+1",
    .language = "en",
    .channels = 2,
    .model = "base",
    .engine = "whisper",
    .duration_ms = 3700000,
};

static char *format(enum kol_transcript_format f, bool dropped)
{
    struct kol_str out;
    const struct kol_format_options options = {.file = "a.wav", .dropped = dropped};

    kol_str_init(&out, 1 << 20);
    kol_transcript_write(&out, f, &transcript, &options);
    assert_false(kol_str_failed(&out));
    char *text = kol_str_take(&out);
    assert_non_null(text);
    check_true("ends with a newline", kol_ends_with(text, "\n"));
    return text;
}

static void check_format(enum kol_transcript_format f, bool dropped, const char *expected)
{
    char *text = format(f, dropped);

    check_str(kol_transcript_format_name(f), text, expected);
    free(text);
}

static void test_text(void **state)
{
    (void)state;
    check_format(KOL_TRANSCRIPT_TEXT, false, "Agent: Say\nCustomer: =1+1\n");
    check_format(KOL_TRANSCRIPT_TEXT, true,
                 "Agent: Say\nCustomer: =1+1\n(dropped, invented_phrase: Thanks for watching)\n");
}

static void test_srt(void **state)
{
    (void)state;
    check_format(KOL_TRANSCRIPT_SRT, false,
                 "1\n00:59:59,000 --> 01:00:00,001\nAgent: Say \"hi\" --› & <b›\n\n"
                 "2\n01:00:01,000 --> 01:00:01,001\nCustomer: =1+1\n\n");
}

static void test_vtt(void **state)
{
    (void)state;
    check_format(KOL_TRANSCRIPT_VTT, false,
                 "WEBVTT\n\n00:59:59.000 --> 01:00:00.001\n<v agent>Say \"hi\" --&gt; &amp; "
                 "&lt;b&gt;\n\n01:00:01.000 --> 01:00:01.001\n<v customer>=1+1\n\n");
}

/* Where a player would lay a Hebrew cue out from the left, and nowhere else. */
static void test_direction(void **state)
{
    static const struct {
        const char *text;
        int channels;
        const char *srt, *vtt;
    } rows[] = {
        {"Call 052-123-4567", 2, "Agent: Call 052-123-4567", "<v agent>Call 052-123-4567"},
        {"שלום", 1, "שלום", "שלום"},
        {"שלום, ה-WiFi מת", 2, "Agent: \u2067שלום, ה-WiFi מת\u2069", "<v agent>שלום, ה-WiFi מת"},
        {"WiFi לא עובד", 1, "\u2067WiFi לא עובד\u2069", "\u2067WiFi לא עובד\u2069"},
        {"Say שלום, please", 2, "Agent: Say שלום, please", "<v agent>Say שלום, please"},
        {"חייגו *1234 או +972-52-123-4567.", 1,
         "חייגו \u2066*1234\u2069 או \u2066+972-52-123-4567\u2069.",
         "חייגו \u2066*1234\u2069 או \u2066+972-52-123-4567\u2069."},
        {"Dial *1234", 1, "Dial *1234", "Dial *1234"},
    };
    (void)state;
    for (size_t i = 0; i < KOL_COUNT(rows); i++) {
        struct kol_segment s = {.role = KOL_ROLE_AGENT, .end_ms = 1, .text = rows[i].text};
        const struct kol_transcript t = {
            .segments = &s, .segment_count = 1, .channels = rows[i].channels};
        const struct kol_format_options plain = {0};
        KOL_STR out;
        kol_str_init(&out, 4096);
        kol_transcript_write(&out, KOL_TRANSCRIPT_SRT, &t, &plain);
        check_has(rows[i].text, out.data, rows[i].srt);
        kol_str_clear(&out);
        kol_transcript_write(&out, KOL_TRANSCRIPT_VTT, &t, &plain);
        check_has(rows[i].text, out.data, rows[i].vtt);
        kol_str_clear(&out);
        kol_transcript_write(&out, KOL_TRANSCRIPT_CSV, &t, &plain);
        check_has("no marks for programs", out.data, rows[i].text);
    }
}

static void test_heard(void **state)
{
    struct kol_segment s = {.text = "052-123-4567", .heard = "zero five two 123 4567"};
    const struct kol_transcript t = {
        .segments = &s, .segment_count = 1, .channels = 1, .text = "052-123-4567"};
    struct kol_format_options options = {0};
    KOL_STR out;
    (void)state;
    kol_str_init(&out, 4096);
    kol_transcript_write(&out, KOL_TRANSCRIPT_TEXT, &t, &options);
    check_str("text", out.data, "052-123-4567\n");
    options.dropped = true;
    kol_str_clear(&out);
    kol_transcript_write(&out, KOL_TRANSCRIPT_TEXT, &t, &options);
    check_str("text", out.data, "052-123-4567\n(heard: zero five two 123 4567)\n");
    kol_str_clear(&out);
    kol_transcript_write(&out, KOL_TRANSCRIPT_JSON, &t, &options);
    check_has("json", out.data, "\"heard\":\"zero five two 123 4567\"");
}

static void test_csv(void **state)
{
    (void)state;
    check_format(KOL_TRANSCRIPT_CSV, true,
                 "start_ms,end_ms,channel,speaker,text,reason\n"
                 "3599000,3600001,0,agent,\"Say \"\"hi\"\" --> & <b>\",\n"
                 "3601000,3601000,1,customer,\"'=1+1\",\n"
                 "3602000,3603000,1,customer,\"Thanks for watching\",invented_phrase\n");
}

static void test_json(void **state)
{
    (void)state;
    char *text = format(KOL_TRANSCRIPT_JSON, true);
    KOL_JSON j = NULL;
    struct kol_err err;

    check_ok("parse", kol_json_parse(text, strlen(text), &j, &err), &err);
    check_str("file", kol_json_get_str(j, "file"), "a.wav");
    check_int("kept", json_array_size(json_object_get(j, "segments")), 2);
    const json_t *first = json_array_get(json_object_get(j, "segments"), 0);
    check_str("speaker", kol_json_get_str(first, "speaker"), "agent");
    check_int("words", json_array_size(json_object_get(first, "words")), 2);
    const json_t *dropped = json_array_get(json_object_get(j, "dropped"), 0);
    check_str("reason", kol_json_get_str(dropped, "reason"), "invented_phrase");
    check_int("one line", strcspn(text, "\n"), strlen(text) - 1);
    free(text);
}

static void test_names(void **state)
{
    (void)state;
    enum kol_transcript_format f;

    for (int i = 0; i < KOL_TRANSCRIPT_FORMAT_COUNT; i++) {
        const char *name = kol_transcript_format_name((enum kol_transcript_format)i);
        check_true(name, kol_transcript_format_from_name(name, &f) && (int)f == i);
    }
    check_true("unknown", !kol_transcript_format_from_name("docx", &f));
    check_str("text", kol_transcript_format_ending(KOL_TRANSCRIPT_TEXT), "txt");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),      cmocka_unit_test(test_srt),
        cmocka_unit_test(test_vtt),       cmocka_unit_test(test_csv),
        cmocka_unit_test(test_json),      cmocka_unit_test(test_names),
        cmocka_unit_test(test_direction), cmocka_unit_test(test_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
