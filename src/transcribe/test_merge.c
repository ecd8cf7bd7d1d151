/* Two channels become one conversation. */
#include "base/test.h"
#include "transcribe/merge.h"

static struct kol_segment say(int channel, int64_t start_ms, int64_t end_ms, const char *text)
{
    return (struct kol_segment){
        .channel = channel,
        .role = channel == 0 ? KOL_ROLE_AGENT : KOL_ROLE_CUSTOMER,
        .start_ms = start_ms,
        .end_ms = end_ms,
        .text = text,
        .level_db = -20,
    };
}

static void test_turns(void **state)
{
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    struct kol_segment s[] = {
        say(1, 3000, 4000, "I need a key."),   say(0, 0, 1000, "Hello."),
        say(0, 1200, 2000, "How can I help?"), say(0, 5000, 5500, "Thank you for watching."),
        say(1, 5600, 6000, "In Haifa."),       say(0, 6100, 6500, "Fine."),
    };

    s[3].dropped_reason = "invented_phrase";
    kol_merge_sort(s, 6);
    check_str("labels", kol_merge_text(a, s, 6, true),
              "Agent: Hello. How can I help?\nCustomer: I need a key. In Haifa.\nAgent: Fine.");
    check_str("plain", kol_merge_text(a, s, 6, false),
              "Hello. How can I help? I need a key. In Haifa. Fine.");
    check_str("empty", kol_merge_text(a, s, 0, true), "");
}

static void test_same_start_is_by_channel(void **state)
{
    (void)state;
    struct kol_segment s[] = {say(1, 100, 900, "b"), say(0, 100, 800, "a")};

    kol_merge_sort(s, 2);
    check_str("first", s[0].text, "a");
    kol_merge_sort(NULL, 0);
}

static void test_echo(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double level_db;
        int64_t start_ms;
        const char *text;
        const char *reason;
    } rows[] = {
        {"same words, quiet", -40, 1100, "press one for sales", "echo"},
        {"most words", -40, 1100, "press one or sails for sales", "echo"},
        {"other words", -40, 1100, "I would like a key", NULL},
        {"as loud", -22, 1100, "press one for sales", NULL},
        {"later", -40, 9000, "press one for sales", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kol_segment s[] = {
            say(0, 1000, 4000, "Press one for sales."),
            say(1, rows[i].start_ms, rows[i].start_ms + 2800, rows[i].text),
        };
        s[1].level_db = rows[i].level_db;
        kol_merge_drop_echo(s, 2);
        check_str(rows[i].name, s[0].dropped_reason, NULL);
        check_str(rows[i].name, s[1].dropped_reason, rows[i].reason);
    }
}

static void test_rest_of_an_echo(void **state)
{
    (void)state;
    static const struct {
        const char *name, *echo, *rest;
        double level_db;
        int64_t start_ms;
        const char *reason;
    } rows[] = {
        {"its last word", "press the pound", "Key.", -40, 3900, "echo"},
        {"not its end", "press the pound", "Yes.", -40, 3900, NULL},
        {"the echo had it", "press the pound key", "Key.", -40, 3900, NULL},
        {"as loud", "press the pound", "Key.", -20, 3900, NULL},
        {"later", "press the pound", "Key.", -40, 5900, NULL},
        {"no echo before", "I am still here", "Key.", -40, 3900, NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kol_segment s[] = {say(0, 1000, 3000, "Press the pound key."),
                                  say(1, 1100, 2800, rows[i].echo),
                                  say(1, rows[i].start_ms, rows[i].start_ms + 200, rows[i].rest)};
        s[1].level_db = -40;
        s[2].level_db = rows[i].level_db;
        kol_merge_drop_echo(s, 3);
        check_str(rows[i].name, s[2].dropped_reason, rows[i].reason);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_same_start_is_by_channel),
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_rest_of_an_echo),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
