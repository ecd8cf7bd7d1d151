/* test_redact.c - nothing of a card is left in text, segments and words. */
#include "base/redact.h"
#include "base/test.h"
#include "transcribe/redact.h"

#define CARD_ONLY (KOL_REDACT_CARD | KOL_REDACT_CVV)

static const struct kol_word first[] = {{"My", 0, 100, 0.9},
                                        {"card", 100, 300, 0.9},
                                        {"is", 300, 400, 0.9},
                                        {"4580", 500, 900, 0.8},
                                        {"1111,", 900, 1500, 0.7}};
static const struct kol_word second[] = {
    {"1111", 3000, 3500, 0.9}, {"1121,", 3500, 4000, 0.9}, {"right?", 4000, 4200, 0.9}};

static struct kol_transcript two_segments(struct kol_segment list[static 3])
{
    list[0] = (struct kol_segment){.role = KOL_ROLE_CUSTOMER,
                                   .text = "My card is 4580 1111,",
                                   .words = first,
                                   .word_count = 5};
    list[1] = (struct kol_segment){.channel = 1, .role = KOL_ROLE_AGENT, .text = "Mhm, go on."};
    list[2] = (struct kol_segment){
        .role = KOL_ROLE_CUSTOMER, .text = "1111 1121, right?", .words = second, .word_count = 3};
    return (struct kol_transcript){
        .segments = list, .segment_count = 3, .kept_count = 3, .channels = 2, .text = "old"};
}

static void hides_everywhere(void **state)
{
    struct kol_segment list[3];
    struct kol_transcript t = two_segments(list);
    struct kol_err err = {0};
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    check_ok("redact", kol_transcript_redact(a, &t, CARD_ONLY, &err), &err);
    check_str("text", t.text,
              "Customer: My card is [card],\nAgent: Mhm, go on.\nCustomer: [card], right?");
    check_str("segment", t.segments[0].text, "My card is [card],");
    check_int("words", t.segments[0].word_count, 4);
    check_str("word", t.segments[0].words[3].text, "[card]");
    check_int("from", t.segments[0].words[3].start_ms, 500);
    check_int("to", t.segments[0].words[3].end_ms, 1500);
    check_int("words", t.segments[2].word_count, 2);
    check_str("word", t.segments[2].words[1].text, "right?");
    check_str("the engine's own stay", list[0].text, "My card is 4580 1111,");
}

static void leaves_the_rest(void **state)
{
    struct kol_segment list[3];
    struct kol_transcript t = two_segments(list);
    struct kol_err err = {0};
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    check_ok("nothing asked", kol_transcript_redact(a, &t, 0, &err), &err);
    check_str("text", t.text, "old");
    check_true("segments", t.segments == list);
}

/* Engines write digits in words and text differently, and split words. */
static void words_that_differ(void **state)
{
    static const struct kol_word words[] = {{"4580", 0, 1, 1}, {"1111 1111", 1, 2, 1}};
    struct kol_segment s = {.role = KOL_ROLE_SPEAKER,
                            .text = "4580111111111121",
                            .words = words,
                            .word_count = 2,
                            .dropped_reason = "repetition"};
    struct kol_transcript t = {.segments = &s, .segment_count = 1, .channels = 1, .text = ""};
    struct kol_err err = {0};
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    check_ok("redact", kol_transcript_redact(a, &t, CARD_ONLY, &err), &err);
    check_str("dropped ones too", t.segments[0].text, "[card]");
    check_int("no words", t.segments[0].word_count, 0);
    check_str("text", t.text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hides_everywhere),
        cmocka_unit_test(leaves_the_rest),
        cmocka_unit_test(words_that_differ),
    };
    return cmocka_run_group_tests_name("transcript redaction", tests, NULL, NULL);
}
