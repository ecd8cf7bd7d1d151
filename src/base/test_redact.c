#include "base/redact.h"
#include "base/str.h"
#include "base/test.h"

#define ALL (KOL_REDACT_CARD | KOL_REDACT_CVV | KOL_REDACT_ID | KOL_REDACT_PHONE | KOL_REDACT_EMAIL)

static const char *redacted(struct kol_arena *a, const char *text, unsigned what, size_t *ret_count)
{
    const char *ret = NULL;
    struct kol_err err = {0};
    check_ok(text, kol_redact_text(a, text, what, &ret, ret_count, &err), &err);
    return ret;
}

static void hides(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"the code of the gate is 4580 1234 5678 9017 ok",
         "the code of the gate is 4580 1234 5678 9017 ok"},            /* wrong check digit */
        {"my card is 4580 1234 5678 9017 ok", "my card is [card] ok"}, /* said to be one */
        {"מספר הכרטיס 4580 1234 5678 901", "מספר הכרטיס [card]"},      /* a digit is missing */
        {"the card ends in 1111", "the card ends in 1111"},
        {"card 4111.1111.1111.1111 exp 05 27 cvv 123", "card [card] exp 05 27 cvv [code]"},
        {"\xd9\xa4\xd9\xa1\xd9\xa1\xd9\xa1 1111 1111 1111", "[card]"}, /* Arabic digits */
        {"4111\xe2\x80\x8b 1111\xe2\x80\x8f 1111 1111", "[card]"},     /* with invisible signs */
        {"forty one eleven eleven eleven eleven eleven eleven eleven", "[card]"},
        {"ארבעים ואחת אחת עשרה אחת עשרה אחת עשרה אחת עשרה אחת עשרה אחת עשרה אחת עשרה", "[card]"},
        {"ארבעת אלפים מאה ואחת עשרה, אלף מאה ואחת עשרה, אלף מאה ואחת עשרה, אלף מאה ואחת עשרה",
         "[card]"},
        {"double four double four, double four double four, 4444 444 8", "[card]"},
        {"שלוש הספרות בגב הן מאה עשרים ושלוש", "שלוש הספרות בגב הן [code]"},
        {"my card is 4111 1111 1111 1111, thanks", "my card is [card], thanks"},
        {"card 4111-1111-1111-1111", "card [card]"},
        {"four one one one, one one one one, one one one one, one one one one", "[card]"},
        {"הכרטיס ארבע אחת אחת אחת אחת אחת אחת אחת אחת אחת אחת אחת אחת אחת אחת אחת",
         "הכרטיס [card]"},
        {"cvv is 123", "cvv is [code]"},
        {"שלוש ספרות בגב הכרטיס 987", "שלוש ספרות בגב הכרטיס [code]"},
        {"the number on the back is one two three", "the number on the back is [code]"},
        {"תעודת זהות 123456782", "תעודת זהות [id]"},
        {"ת\"ז שלי אחת שתיים שלוש ארבע חמש שש שבע שמונה שתיים", "ת\"ז שלי [id]"},
        {"call 054-555-0466 now", "call [phone] now"},
        {"oh double seven double oh, nine hundred, eight one five", "[phone]"},
        {"dana.levi@example.com please", "[email] please"},
        {"דנה@example.com בבקשה", "[email] בבקשה"},
        {"oh four, six hundred twelve, thirty four", "[phone]"},
        {"my email is dana dot levi at gmail dot com", "my email is [email]"},
        {"המייל שלי דנה שטרודל ג'ימייל נקודה קום", "המייל שלי [email]"},
        {"it costs 1,200 shekels for 3 rooms on the 21st",
         "it costs 1,200 shekels for 3 rooms on the 21st"},
        {"built in 1998, 24 square meters", "built in 1998, 24 square meters"},
        {"", ""},
        {"\xff 4111111111111111", "\xef\xbf\xbd [card]"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        KOL_ARENA a = kol_arena_new(0);
        size_t n;
        check_str(rows[i].in, redacted(a, rows[i].in, ALL, &n), rows[i].out);
    }
}

static void hides_only_what_is_asked(void **state)
{
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    size_t n;
    check_str("cards", redacted(a, "4111111111111111 and 054-555-0466", KOL_REDACT_CARD, &n),
              "[card] and 054-555-0466");
    check_int("count", n, 1);
    check_str("none", redacted(a, "4111111111111111", 0, &n), "4111111111111111");
}

struct row_of_turns {
    struct kol_redact_turn turns[6];
    const char *out[6];
};

static void works_over_lines(void **state)
{
    static const struct row_of_turns rows[] = {
        {{{"customer", "The card is 4111 1111"},
          {"agent", "okay"},
          {"customer", "1111 1111 and that is it"}},
         {"The card is [card]", "okay", "[card] and that is it"}},
        /* the agent repeats every group */
        {{{"customer", "four one one one"},
          {"agent", "4111"},
          {"customer", "one one one one"},
          {"agent", "1111, yes"},
          {"customer", "1111 1111"},
          {"agent", "1111 1111 thanks"}},
         {"[card]", "[card]", "[card]", "[card]", "[card]", "[card] thanks"}},
        {{{"agent", "and the three digits on the back?"}, {"customer", "it's 9 8 7"}},
         {"and the three digits on the back?", "it's [code]"}},
        /* nobody knows who speaks: pauses cut the number */
        {{{NULL, "הכרטיס הוא 4111"}, {NULL, "1111 1111"}, {NULL, "1111, תודה"}},
         {"הכרטיס הוא [card]", "[card]", "[card], תודה"}},
        /* lines come one by one: what was found before stands there already */
        {{{"customer", "It's a visa, [card]"}, {"agent", "okay"}, {"customer", "1121 that is it"}},
         {"It's a visa, [card]", "okay", "[card] that is it"}},
        {{{"customer", "yes 4580 1111"}, {"customer", "and [card] for 3 rooms"}},
         {"yes [card]", "and [card] for 3 rooms"}},
        {{{NULL, NULL}, {NULL, ""}}, {"", ""}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kol_redacted ret[6] = {0};
        size_t n, count = 0;
        struct kol_err err = {0};
        KOL_ARENA a = kol_arena_new(0);
        while (count < 6 && rows[i].out[count])
            count++;
        check_ok("turns", kol_redact_turns(a, rows[i].turns, count, ALL, ret, &n, &err), &err);
        for (size_t k = 0; k < count; k++)
            check_str(rows[i].turns[k].text, ret[k].text, rows[i].out[k]);
    }
}

static void labels_words(void **state)
{
    static const struct kol_redact_turn turn = {.text = " my card  is:4111 1111 1111 1111, ok"};
    struct kol_redacted ret = {0};
    struct kol_err err = {0};
    size_t n;
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    check_ok("turns", kol_redact_turns(a, &turn, 1, ALL, &ret, &n, &err), &err);
    check_str("text", ret.text, " my card  is:[card], ok");
    check_int("words", ret.word_count, 7);
    check_true("kept", !ret.labels[0] && !ret.labels[1] && !ret.labels[6]);
    for (size_t i = 2; i < 6; i++)
        check_str("label", ret.labels[i], "[card]");
    check_int("things", n, 1);
    check_ok("nothing asked", kol_redact_turns(a, &turn, 1, 0, &ret, &n, &err), &err);
    check_true("the same text", ret.text == turn.text);
}

static void reads_setting(void **state)
{
    unsigned flags = 99;
    struct kol_err err = {0};
    (void)state;
    check_ok("two", kol_redact_parse("card, phone", &flags, &err), &err);
    check_int("flags", flags, KOL_REDACT_CARD | KOL_REDACT_PHONE);
    check_ok("none", kol_redact_parse("", &flags, &err), &err);
    check_int("flags", flags, 0);
    check_ok("default", kol_redact_parse(NULL, &flags, &err), &err);
    check_int("flags", flags, KOL_REDACT_CARD | KOL_REDACT_CVV);
    check_code("wrong", kol_redact_parse("card,fax", &flags, &err), KOL_BAD_CONFIG, &err);
    check_str("message", err.msg, "redact: \"fax\" is none of card, cvv, id, phone, email");
    check_int("unreadable hides all", kol_redact_of("fax"), ALL);
}

/* --- generated: what share is hidden, what share of harmless numbers is not --- */

static uint64_t seed = 20240607;

static unsigned roll(unsigned n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % n;
}

static void with_check_digit(char *digits, size_t n)
{
    for (char last = '0'; last <= '9'; last++) {
        int sum = 0;
        digits[n - 1] = last;
        for (size_t i = 0; i < n; i++) {
            int d = (digits[n - 1 - i] - '0') * (i % 2 ? 2 : 1);
            sum += d > 9 ? d - 9 : d;
        }
        if (sum % 10 == 0)
            return;
    }
}

static void random_digits(char *ret, size_t n, const char *start)
{
    for (size_t i = 0; i < n; i++)
        ret[i] = (char)(i < strlen(start) ? start[i] : '0' + (int)roll(10));
    ret[n] = 0;
}

/* Digits as people write or say them. way: 0 together, 1 in groups, 2 English words, 3 Hebrew
 * words. */
static void say(struct kol_str *out, const char *digits, unsigned way)
{
    static const char *const en[] = {"zero", "one", "two",   "three", "four",
                                     "five", "six", "seven", "eight", "nine"};
    static const char *const he[] = {"אפס", "אחת", "שתיים", "שלוש",  "ארבע",
                                     "חמש", "שש",  "שבע",   "שמונה", "תשע"};
    for (size_t i = 0; digits[i]; i++) {
        int d = digits[i] - '0';
        if (way == 0)
            kol_str_add_char(out, digits[i]);
        else if (way == 1)
            kol_str_add_fmt(out, "%s%d", i && i % 4 == 0 ? (roll(2) ? " " : "-") : "", d);
        else
            kol_str_add_fmt(out, "%s%s", i ? (i % 4 ? " " : ", ") : "",
                            way == 2 ? (d == 0 && roll(2) ? "oh" : en[d]) : he[d]);
    }
}

/* A sentence with the number; true when nothing of it is left and the label stands there. */
static bool is_hidden(const char *digits, const char *before, unsigned way, const char *label)
{
    KOL_ARENA a = kol_arena_new(0);
    KOL_STR text;
    size_t n;
    kol_str_init(&text, 4096);
    kol_str_add(&text, before);
    say(&text, digits, way);
    kol_str_add(&text, way == 3 ? " זהו, תודה" : " that's it, thanks");
    return strstr(redacted(a, text.data, ALL, &n), label) != NULL;
}

/* The same, dictated group by group over a speaker's lines while the other side speaks. */
static bool is_hidden_in_lines(const char *digits, unsigned way)
{
    static const char *const answers[] = {"yes", "okay, go on", "כן", "one moment please"};
    struct kol_redact_turn turns[8];
    struct kol_redacted ret[8] = {0};
    size_t n, left = 0;
    struct kol_err err = {0};
    KOL_ARENA a = kol_arena_new(0);
    for (size_t i = 0; i < 4; i++) {
        char group[5] = {0};
        KOL_STR text;
        memcpy(group, digits + 4 * i, 4);
        kol_str_init(&text, 400);
        kol_str_add(&text, i == 0 ? "it's " : "");
        say(&text, group, way);
        turns[2 * i] = (struct kol_redact_turn){"customer", kol_arena_str(a, text.data)};
        turns[2 * i + 1] = (struct kol_redact_turn){"agent", answers[roll(4)]};
    }
    check_ok("turns", kol_redact_turns(a, turns, 8, KOL_REDACT_CARD, ret, &n, &err), &err);
    for (size_t i = 0; i < 8; i += 2)
        left += !strstr(ret[i].text, "[card]");
    return left == 0;
}

/* Prices, areas, years, dates, house numbers, orders, tracking numbers: nothing to hide. */
static bool is_false_alarm(unsigned i)
{
    static const char *const before[] = {"it costs about ", "apartment ", "the order number is ",
                                         "זה עולה "};
    char d[24];
    random_digits(d, i % 3 == 2 ? 6 + roll(3) : 1 + roll(5), "1");
    return is_hidden(d, before[i % 4], i % 4 == 3 ? 3 : i % 2 ? 0 : 1, "[");
}

static unsigned hidden_cards(void)
{
    unsigned cards = 0;
    char d[24];
    for (unsigned i = 0; i < 1000; i++) {
        static const char *const starts[] = {"4580", "4", "53", "2221", "6011", "62"};
        random_digits(d, 16, starts[roll(6)]);
        with_check_digit(d, 16);
        cards += i % 5 == 4 ? is_hidden_in_lines(d, roll(4))
                            : is_hidden(d, i % 5 == 3 ? "זה " : "it's ", i % 5, "[card]");
    }
    return cards;
}

/* 3,000 numbers: 1,000 cards, 500 ids, 500 phones, 1,000 that are none of these. */
static void generated_numbers(void **state)
{
    unsigned cards = hidden_cards(), ids = 0, phones = 0, false_alarms = 0, crossed = 0;
    char d[24];
    (void)state;
    for (unsigned i = 0; i < 500; i++) {
        random_digits(d, 9, roll(2) ? "0" : "3");
        with_check_digit(d, 9);
        ids += is_hidden(d, i % 4 == 3 ? "תעודת זהות " : "my ID number is ", i % 4, "[id]");
        random_digits(d, 10, roll(2) ? "054" : "052");
        phones += is_hidden(d, i % 4 == 3 ? "הטלפון שלי " : "call me at ", i % 4, "[phone]");
        crossed += is_hidden(d, "call me at ", i % 4, "[card]");
    }
    for (unsigned i = 0; i < 1000; i++)
        false_alarms += is_false_alarm(i);
    print_message("redaction of 3000 generated numbers: cards %.1f %%, ids %.1f %%, phones %.1f "
                  "%%; false alarms %.1f %% of 1000\n",
                  cards / 10.0, ids / 5.0, phones / 5.0, false_alarms / 10.0);
    check_true("cards", cards >= 990);
    check_true("ids", ids >= 495);
    check_true("phones", phones >= 495);
    check_true("false alarms", false_alarms <= 10);
    check_int("phones taken for cards", crossed, 0);
}

static void large_text(void **state)
{
    size_t len = 10u << 20, n;
    char *text = malloc(len + 1);
    static const char part[] = "words and words 4111 1111 1111 1111 more words here. ";
    (void)state;
    for (size_t i = 0; i < len; i++)
        text[i] = part[i % (sizeof part - 1)];
    text[len] = 0;
    KOL_ARENA a = kol_arena_new(1u << 30);
    const char *out = redacted(a, text, ALL, &n);
    check_true("all hidden", !strstr(out, "4111 1111 1111 1111"));
    check_true("many", n > len / sizeof part - 2);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hides),
        cmocka_unit_test(hides_only_what_is_asked),
        cmocka_unit_test(works_over_lines),
        cmocka_unit_test(labels_words),
        cmocka_unit_test(reads_setting),
        cmocka_unit_test(generated_numbers),
        cmocka_unit_test(large_text),
    };
    return cmocka_run_group_tests_name("redact", tests, NULL, NULL);
}
