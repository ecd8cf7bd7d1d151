/* What is dropped, why, and what must never be. */
#include "base/test.h"
#include "transcribe/filters.h"

static const char *judge(const char *text, double logprob, double no_speech, double speech)
{
    const struct kol_segment s = {
        .text = text, .avg_logprob = logprob, .no_speech_prob = no_speech, .end_ms = 5000};
    const struct kol_filter_context context = {
        .language = "en",
        .prompt = "A phone call about Afula, Golan Locks, locksmith, Haifa.",
        .speech_prob = speech,
    };
    return kol_filter_segment(&s, &context);
}

static void test_sure_speech(void **state)
{
    (void)state;
    static const struct {
        const char *text, *reason;
    } rows[] = {
        {"I need a locksmith in Haifa.", NULL},
        {"Haifa", NULL},
        {"Thank you.", NULL},
        {"Yes, yes, yes.", NULL},
        {"No no no no, not that one.", NULL},
        {"0 5 0 0 0 0 0 0 1 2", NULL},
        {"Zero five zero, zero zero zero.", NULL},
        {"תודה רבה", NULL},
        {"אני צריך מנעולן בעפולה", NULL},
        {"I was watching the news, thanks for asking.", NULL},
        {"", "not_words"},
        {"...", "not_words"},
        {"♪ ♪", "not_words"},
        {"[Music]", "not_words"},
        {"(gentle music)", "not_words"},
        {"*laughs*", "not_words"},
        {"(she said) hello (again)", NULL},
        {"Thanks for watching!", "invented_phrase"},
        {"Thank you for watching. Please subscribe.", "invented_phrase"},
        {"Subtitles by the Amara.org community", "invented_phrase"},
        {"תודה על הצפייה!", "invented_phrase"},
        {"תודה רבה שצפיתם", "invented_phrase"},
        {"you you you you you you you", "repetition"},
        {"I'm going to go. I'm going to go. I'm going to go. I'm going to go.", "repetition"},
        {"כן כן כן כן כן כן כן", "repetition"},
        {"Aaaaaaaaaaaaaaaah", "repetition"},
        {"ההההההההההההההה", "repetition"},
        {"about Afula, Golan Locks, locksmith", "prompt_echo"},
        {"Please call me back, Afula, Golan Locks, locksmith, Haifa.", "prompt_echo"},
        {"Please call the locksmith from Haifa to Afula, Golan Locks.", NULL},
        {"Is that Golan Locks in Afula?", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_str(rows[i].text, judge(rows[i].text, -0.2, 0.01, 0.95), rows[i].reason);
}

static void test_weak_evidence(void **state)
{
    (void)state;
    check_str("nothing there", judge("I see.", -1.2, 0.7, 0.6), "no_speech");
    check_str("low alone", judge("I see.", -1.2, 0.1, 0.9), NULL);
    check_str("breath", judge("Thank you.", -0.9, 0.1, 0.6), "invented_phrase");
    check_str("one doubt", judge("Thank you.", -0.9, 0.1, 0.9), NULL);
    check_str("breath, Hebrew", judge("תודה רבה.", -0.9, 0.6, 0.9), "invented_phrase");
}

static void test_too_fast(void **state)
{
    (void)state;
    struct kol_segment s = {
        .text = "this is far more text than anybody says in a third of a second", .end_ms = 300};
    const struct kol_filter_context context = {.language = "en", .speech_prob = 1};

    check_str("fast", kol_filter_segment(&s, &context), "too_fast");
    s.end_ms = 3000;
    check_str("not fast", kol_filter_segment(&s, &context), NULL);
}

static void test_normalise(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
    } rows[] = {
        {"Hello,  World!", "hello world"},
        {"don't", "dont"},
        {"don’t", "dont"},
        {"צה\"ל", "צה ל"},
        {"שָׁלוֹם", "שלום"},
        {"תל־אביב", "תל אביב"},
        {"צה״ל", "צהל"},
        {" -- ", ""},
        {"", ""},
        {"a\xff\x62", "ab"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char buf[64];
        kol_filter_normalise(rows[i].text, buf, sizeof(buf));
        check_str(rows[i].text, buf, rows[i].expected);
    }
}

static void test_long_text_fits(void **state)
{
    (void)state;
    static char text[20000];
    char buf[32];

    memset(text, 'x', sizeof(text) - 1);
    for (size_t i = 0; i < sizeof(text) - 1; i += 5)
        text[i] = ' ';
    kol_filter_normalise(text, buf, sizeof(buf));
    assert_true(strlen(buf) < sizeof(buf));
    judge(text, -0.2, 0, 1); /* must not write past its own buffers */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sure_speech),    cmocka_unit_test(test_weak_evidence),
        cmocka_unit_test(test_too_fast),       cmocka_unit_test(test_normalise),
        cmocka_unit_test(test_long_text_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
