/* test_calibrate.c - which channel is the business: signs, and when they are not enough. */
#include "base/test.h"
#include "transcribe/calibrate.h"

enum { CALLS_MOST = 24 };

static struct kol_arena *a;
static struct kol_err err;

static const char *const customers[] = {
    "Hi, my door is locked and I am outside.",
    "Yes hello, do you also repair shutters?",
    "Good morning, it is about the invoice.",
    "I need somebody in Haifa today.",
    "The key broke off in the lock.",
    "Can you tell me what a new lock costs?",
    "My mother lives in Afula, she cannot open the safe.",
};

/* A call: the business on channel `agent` speaks from agent_ms on, the customer from customer_ms.
 */
static struct kol_sample call(int number, int agent, const char *greeting, int64_t agent_ms,
                              int64_t customer_ms)
{
    struct kol_segment_row *s = kol_arena_array(a, 2, sizeof(*s));
    const bool agent_first = agent_ms <= customer_ms;

    s[!agent_first] = (struct kol_segment_row){
        .channel = agent, .role = "agent", .start_ms = agent_ms, .text = greeting};
    s[agent_first] = (struct kol_segment_row){.channel = !agent,
                                              .role = "customer",
                                              .start_ms = customer_ms,
                                              .text = customers[number % KOL_COUNT(customers)]};
    return (struct kol_sample){kol_arena_fmt(a, "CA%032d", number), s, 2};
}

static struct kol_calibration judged(const struct kol_sample *samples, size_t count,
                                     const char *greeting, bool inbound)
{
    struct kol_calibration c;
    const struct kol_sample_hints hints = {&greeting, greeting != NULL, inbound};

    check_ok("calibrate", kol_calibrate(a, samples, count, &hints, &c, &err), &err);
    return c;
}

static void the_greeting_decides(void **state)
{
    struct kol_sample s[5];

    (void)state;
    for (int agent = 0; agent < 2; agent++) {
        for (int i = 0; i < 5; i++) /* the caller is often heard first, out of impatience */
            s[i] = call(i, agent, "Galil locks, hello, how can I help?", 3000, i % 2 ? 900 : 5000);
        const struct kol_calibration c = judged(s, 5, "Galil Locks", true);
        check_int("channel", c.agent, agent);
        check_int("by", c.by, KOL_SIGN_GREETING);
        check_int("in all", c.votes[KOL_SIGN_GREETING][agent], 5);
        check_int("quotes", c.quote_count, 3);
        check_has("its words", c.quotes[0].text, "Galil locks");
    }
}

static void hebrew_greeting(void **state)
{
    struct kol_sample s[3];

    (void)state;
    for (int i = 0; i < 3; i++)
        s[i] = call(i, 1, "שלום, הגעתם למנעולי הגליל, במה אפשר לעזור?", 1000, 4000);
    check_int("without a prefix letter", judged(s, 3, "שלום, מנעולי הגליל", true).agent, 1);
    check_int("as it is said", judged(s, 3, "הגעתם למנעולי הגליל", true).agent, 1);
    check_int("another business", judged(s, 3, "אינסטלציה בשרון", true).agent, -1);
}

static void repeated_words_decide(void **state)
{
    struct kol_sample s[6];

    (void)state;
    for (int i = 0; i < 6; i++)
        s[i] = call(i, 0, "Thank you for calling, what is your address?", 2000, 1900);
    const struct kol_calibration c = judged(s, 6, NULL, false);
    check_int("channel", c.agent, 0);
    check_int("by", c.by, KOL_SIGN_REPEATED);
}

static void the_first_to_speak_decides_inbound_only(void **state)
{
    static const char *const openings[] = {"Yes please?", "Hello there.",  "Speaking.",  "Shalom!",
                                           "What is up?", "Morning, Dan.", "One moment."};
    struct kol_sample s[7];

    (void)state;
    for (int i = 0; i < 7; i++)
        s[i] = call(i, 1, openings[i], 600, 3000);
    check_int("inbound", judged(s, 7, NULL, true).agent, 1);
    check_int("by", judged(s, 7, NULL, true).by, KOL_SIGN_FIRST);
    check_int("five are not enough", judged(s, 5, NULL, true).agent, -1);
    const struct kol_calibration c = judged(s, 7, NULL, false);
    check_int("outbound", c.agent, -1);
    check_has("what to do", c.why, "--greeting");
}

static void thin_evidence_is_refused(void **state)
{
    struct kol_sample s[CALLS_MOST] = {0};
    struct kol_calibration c = judged(s, 0, "Galil Locks", true);

    (void)state;
    check_int("none", c.agent, -1);
    check_has("none", c.why, "3 more");
    for (int i = 0; i < 2; i++)
        s[i] = call(i, 1, "Galil locks, hello.", 1000, 3000);
    c = judged(s, 2, "Galil Locks", true);
    check_int("two", c.agent, -1);
    check_has("two", c.why, "1 more");
    for (int i = 0; i < 10; i++) /* channels are swapped in every third call */
        s[i] = call(i, i % 3 == 0, "Galil locks, hello.", 1000, 3000);
    c = judged(s, 10, "Galil Locks", true);
    check_int("no agreement", c.agent, -1);
    check_has("no agreement", c.why, "do not agree");
}

/* A machine that repeats itself on the one side, the greeting on the other. */
static void contradiction_is_refused(void **state)
{
    struct kol_sample s[5];

    (void)state;
    for (int i = 0; i < 5; i++) {
        s[i] = call(i, 1, customers[i], 1000, 4000);
        struct kol_segment_row *rows = kol_arena_array(a, 2, sizeof(*rows));
        rows[0] = s[i].segments[0];
        rows[1] = s[i].segments[1];
        rows[1].text = "This is a recorded offer for your company, press one.";
        rows[0].text = i < 4 ? kol_arena_fmt(a, "%s Galil locks.", customers[i]) : "Galil locks.";
        s[i].segments = rows;
    }
    const struct kol_calibration c = judged(s, 5, "Galil Locks", true);
    check_int("refused", c.agent, -1);
    check_has("why", c.why, "contradict");
}

static void odd_rows(void **state)
{
    static const struct kol_segment_row rows[] = {
        {.channel = 7, .text = "x"}, {.channel = -1, .text = "y"}, {.channel = 1, .text = ""}};
    const struct kol_sample s[] = {{"CA1", rows, 3}, {"CA2", NULL, 0}};
    char longest[5000];
    struct kol_sample more[5];

    (void)state;
    check_int("nothing to see", judged(s, 2, "", true).agent, -1);
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    for (int i = 0; i < 5; i++)
        more[i] = call(i, 0, longest, 0, 1000);
    (void)judged(more, 5, longest, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_greeting_decides),
        cmocka_unit_test(hebrew_greeting),
        cmocka_unit_test(repeated_words_decide),
        cmocka_unit_test(the_first_to_speak_decides_inbound_only),
        cmocka_unit_test(thin_evidence_is_refused),
        cmocka_unit_test(contradiction_is_refused),
        cmocka_unit_test(odd_rows),
    };
    a = kol_arena_new(0);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    kol_arena_free(a);
    return failed;
}
