#include "base/test.h"
#include "understand/redact.h"

#define ALL (KOL_REDACT_CARD | KOL_REDACT_ID | KOL_REDACT_PHONE | KOL_REDACT_EMAIL)

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
        {"my card is 4580 1234 5678 9017 ok",
         "my card is 4580 1234 5678 9017 ok"}, /* wrong check digit */
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

static void works_over_segments(void **state)
{
    static const struct kol_insight_turn turns[] = {
        {.role = "customer", .text = "The card is 4111 1111"},
        {.role = "agent", .text = "okay"},
        {.role = "customer", .text = "1111 1111 and that is it"},
    };
    struct kol_redacted ret[3] = {0};
    size_t n;
    struct kol_err err = {0};
    (void)state;
    KOL_ARENA a = kol_arena_new(0);
    check_ok("turns", kol_redact_turns(a, turns, 3, ALL, ret, &n, &err), &err);
    check_str("first", ret[0].text, "The card is [card]");
    check_str("last", ret[2].text, "[card] and that is it");
    check_int("words", ret[0].word_count, 5);
    check_int("kept", ret[0].hidden_words[2], 0);
    check_int("hidden", ret[0].hidden_words[3] + ret[0].hidden_words[4], 2);
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
    check_code("wrong", kol_redact_parse("card,fax", &flags, &err), KOL_BAD_CONFIG, &err);
    check_str("message", err.msg, "redact: \"fax\" is none of card, id, phone, email");
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

static void generated_numbers(void **state)
{
    unsigned cards = 0, ids = 0, phones = 0, false_alarms = 0;
    char d[24];
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        random_digits(d, 16, roll(2) ? "4" : "53");
        with_check_digit(d, 16);
        cards += is_hidden(d, i % 4 == 3 ? "הכרטיס שלי " : "my card number is ", i % 4, "[card]");
        random_digits(d, 9, roll(2) ? "0" : "3");
        with_check_digit(d, 9);
        ids += is_hidden(d, i % 4 == 3 ? "תעודת זהות " : "my ID number is ", i % 4, "[id]");
        random_digits(d, 10, roll(2) ? "054" : "052");
        phones += is_hidden(d, i % 4 == 3 ? "הטלפון שלי " : "call me at ", i % 4, "[phone]");
        /* prices, areas, years, orders: five digits at most, no number to hide */
        random_digits(d, 1 + roll(5), "");
        false_alarms +=
            is_hidden(d, i % 4 == 3 ? "זה עולה " : "it costs about ", i % 2 ? 0 : 1, "[");
    }
    print_message("redaction of 3000 generated numbers: cards %.1f %%, ids %.1f %%, phones %.1f "
                  "%%; false alarms %.1f %% of 1000\n",
                  cards / 10.0, ids / 10.0, phones / 10.0, false_alarms / 10.0);
    check_true("cards", cards >= 990);
    check_true("ids", ids >= 990);
    check_true("phones", phones >= 990);
    check_true("false alarms", false_alarms <= 5);
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
        cmocka_unit_test(works_over_segments),
        cmocka_unit_test(reads_setting),
        cmocka_unit_test(generated_numbers),
        cmocka_unit_test(large_text),
    };
    return cmocka_run_group_tests_name("redact", tests, NULL, NULL);
}
