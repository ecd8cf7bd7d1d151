/*
 * numbers.c - spoken numbers, Hebrew and English.
 */
#include "base/str.h"
#include "understand/scene.h"
#include <ctype.h>
#include <string.h>

enum shape { UNIT, TEEN, TEN, HUNDRED, HUNDREDS, THOUSAND, THOUSANDS, MILLION };

/* "שלושת אלפים" is 3000, alone it is 2000. */
/* X(words, value, shape) */
#define NUMBERS(X)                                                                                 \
    X("zero|אפס|nought|naught", 0, UNIT)                                                           \
    X("one|אחת|אחד", 1, UNIT)                                                                      \
    X("two|שתיים|שניים|שתי|שני|שתים|שנים", 2, UNIT)                                                \
    X("three|שלוש|שלושה|שלושת", 3, UNIT)                                                           \
    X("four|ארבע|ארבעה|ארבעת", 4, UNIT)                                                            \
    X("five|חמש|חמישה|חמשת", 5, UNIT)                                                              \
    X("six|שש|שישה|ששת|ששה", 6, UNIT)                                                              \
    X("seven|שבע|שבעה|שבעת", 7, UNIT)                                                              \
    X("eight|שמונה|שמונת", 8, UNIT)                                                                \
    X("nine|תשע|תשעה|תשעת", 9, UNIT)                                                               \
    X("ten|עשר|עשרה|עשרת", 10, TEEN)                                                               \
    X("eleven", 11, TEEN)                                                                          \
    X("twelve", 12, TEEN)                                                                          \
    X("thirteen", 13, TEEN)                                                                        \
    X("fourteen", 14, TEEN)                                                                        \
    X("fifteen", 15, TEEN)                                                                         \
    X("sixteen", 16, TEEN)                                                                         \
    X("seventeen", 17, TEEN)                                                                       \
    X("eighteen", 18, TEEN)                                                                        \
    X("nineteen", 19, TEEN)                                                                        \
    X("twenty|עשרים", 20, TEN)                                                                     \
    X("thirty|שלושים", 30, TEN)                                                                    \
    X("forty|fourty|ארבעים", 40, TEN)                                                              \
    X("fifty|חמישים", 50, TEN)                                                                     \
    X("sixty|שישים|ששים", 60, TEN)                                                                 \
    X("seventy|שבעים", 70, TEN)                                                                    \
    X("eighty|שמונים", 80, TEN)                                                                    \
    X("ninety|תשעים", 90, TEN)                                                                     \
    X("hundred|מאה", 100, HUNDRED)                                                                 \
    X("מאתיים", 200, HUNDREDS)                                                                     \
    X("מאות", 100, HUNDRED)                                                                        \
    X("thousand|אלף", 1000, THOUSAND)                                                              \
    X("אלפים|אלפיים", 2000, THOUSANDS)                                                             \
    X("million|מיליון", 1000000, MILLION)

static const struct {
    const char *words;
    int64_t value;
    enum shape shape;
} numbers[] = {
#define X(words, value, shape) {words, value, shape},
    NUMBERS(X)
#undef X
};

/* All of them in one list: most words are no number, and one look says so. */
#define X(words, value, shape) words "|"
static const char any_number[] = NUMBERS(X);
#undef X

struct spoken {
    int64_t value;
    enum shape shape;
    bool joined; /* with ו: "ותשע" */
};

static bool lookup(const struct kol_word *w, struct spoken *ret)
{
    if ((w->script != KOL_SCRIPT_HEBREW && w->script != KOL_SCRIPT_LATIN) ||
        !kol_is_stem(w, any_number))
        return false;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (kol_is(w, numbers[i].words)) {
            *ret = (struct spoken){numbers[i].value, numbers[i].shape, false};
            return true;
        }
        /* ו ("and") or a preposition before it: "ותשע", "בשמונה", "לשישה" */
        if (w->script == KOL_SCRIPT_HEBREW && w->stem_count > 1 &&
            kol_is_stem(w, numbers[i].words)) {
            *ret =
                (struct spoken){numbers[i].value, numbers[i].shape, strncmp(w->norm, "ו", 2) == 0};
            return true;
        }
    }
    return false;
}

static bool lookup_at(const struct kol_talk *t, size_t i, struct spoken *ret)
{
    return i < t->word_count && lookup(&t->words[i], ret);
}

static bool joins(const struct kol_talk *t, size_t i)
{
    return i < t->word_count && t->words[i].gap <= KOL_GAP_HYPHEN;
}

/* Tens and units at word i: "twenty nine", "עשרים ותשע", "שלוש עשרה". Words taken, 0 for none. */
static size_t below_hundred(const struct kol_talk *t, size_t i, int64_t *ret)
{
    struct spoken first, second;
    if (!lookup_at(t, i, &first) || first.shape > TEN)
        return 0;
    *ret = first.value;
    if (!joins(t, i + 1) || !lookup_at(t, i + 1, &second))
        return 1;
    bool hebrew = t->words[i].script == KOL_SCRIPT_HEBREW;
    if (first.shape == TEN && second.shape == UNIT && second.value > 0 &&
        (!hebrew || second.joined)) {
        *ret += second.value;
        return 2;
    }
    if (hebrew && first.shape == UNIT && first.value > 0 && second.shape == TEEN &&
        !second.joined) {
        *ret = 10 + first.value; /* שלוש עשרה */
        return 2;
    }
    return 1;
}

static size_t copy_digits(const struct kol_word *w, char *ret, size_t size)
{
    size_t n = 0;
    for (const char *p = w->clean; p < w->clean + w->clean_len; p++)
        if (isdigit((unsigned char)*p) && n + 1 < size)
            ret[n++] = *p;
    ret[n] = 0;
    return n;
}

/* "double five", "triple five", "שלוש פעמים חמש": how often, and where the digit is. 0: not so. */
static size_t times_of(const struct kol_talk *t, size_t i, size_t *ret_digit)
{
    struct spoken often;
    *ret_digit = i + 1;
    if (kol_is(&t->words[i], "double|פעמיים"))
        return 2;
    if (kol_is(&t->words[i], "triple|treble"))
        return 3;
    *ret_digit = i + 2;
    bool so = joins(t, i + 1) && kol_is(&t->words[i + 1], "פעמים|times") &&
              lookup(&t->words[i], &often) && often.value >= 2 && often.value <= 5;
    return so ? (size_t)often.value : 0;
}

size_t kol_spoken_digits(const struct kol_talk *t, size_t i, char *ret, size_t size)
{
    const struct kol_word *w = &t->words[i];
    size_t digit;
    ret[0] = 0;
    if (w->script == KOL_SCRIPT_DIGITS) {
        for (const char *p = w->clean; p < w->clean + w->clean_len; p++)
            if (isalpha((unsigned char)*p) || *p == '.' || *p == ',')
                return 0; /* "3rd", "1,200" are not part of a telephone number */
        return w->clean_len < size && copy_digits(w, ret, size) > 0;
    }
    if (kol_is(w, "oh|o|ow")) {
        snprintf(ret, size, "0");
        return 1;
    }
    size_t times = times_of(t, i, &digit);
    if (times && digit < t->word_count) {
        char one[8];
        size_t n = kol_spoken_digits(t, digit, one, sizeof one);
        if (n != 1 || strlen(one) != 1 || times >= size)
            return 0;
        memset(ret, one[0], times);
        ret[times] = 0;
        return digit + 1 - i;
    }
    int64_t value;
    size_t n = below_hundred(t, i, &value);
    if (n == 0)
        return 0;
    struct spoken next;
    if (value > 0 && value < 10 && n == 1 && joins(t, i + 1) && lookup_at(t, i + 1, &next) &&
        next.shape == HUNDRED) {
        /* "nine hundred"; "חמש מאות חמישים וחמש" is one number, "nine hundred fifty" may be two */
        int64_t small = 0;
        size_t more = 0;
        if (w->script == KOL_SCRIPT_HEBREW && joins(t, i + 2) &&
            t->words[i + 2].gap == KOL_GAP_SPACE)
            more = below_hundred(t, i + 2, &small);
        if (more == 0 || small < 10)
            more = 0, small = 0;
        snprintf(ret, size, "%d", (int)value * 100 + (int)small);
        return 2 + more;
    }
    snprintf(ret, size, "%d", (int)value);
    return n;
}

/* "1,200", "85", "12.5" is none, "900k" is none */
static bool written_number(const struct kol_word *w, int64_t *ret)
{
    char digits[16];
    if (w->script != KOL_SCRIPT_DIGITS || w->clean_len > 12 || memchr(w->clean, '.', w->clean_len))
        return false;
    for (size_t i = 0; i < w->clean_len; i++)
        if (isalpha((unsigned char)w->clean[i]))
            return false;
    copy_digits(w, digits, sizeof digits);
    return kol_parse_i64(digits, ret);
}

/* "אלף ושמונה מאות לחמישה": a preposition starts another number, an "and" does not. */
static bool starts_anew(const struct kol_word *w)
{
    return kol_number_prefix(w) > 0 && strncmp(w->norm, "ו", 2) != 0;
}

size_t kol_spoken_number(const struct kol_talk *t, size_t i, int64_t *ret)
{
    int64_t total = 0, part = 0;
    size_t taken = 0;
    if (written_number(&t->words[i], &part))
        taken = 1;
    while (i + taken < t->word_count) {
        size_t at = i + taken;
        struct spoken s;
        if (taken > 0 && (!joins(t, at) || starts_anew(&t->words[at])))
            break;
        size_t and_word = taken > 0 && kol_is(&t->words[at], "and") && at + 1 < t->word_count &&
                          part % 100 == 0 && part > 0;
        int64_t small;
        size_t n = below_hundred(t, at + and_word, &small);
        if (n > 0 && part % 100 == 0) {
            part += small;
            taken += n + and_word;
        } else if (lookup_at(t, at, &s) && s.shape == HUNDRED && part % 1000 < 10) {
            part = part == 0 ? 100 : part * 100;
            taken++;
        } else if (lookup_at(t, at, &s) && s.shape == HUNDRED && total == 0 && part > 10 &&
                   part < 100 && part % 10 != 0 && t->words[at].script == KOL_SCRIPT_LATIN) {
            part *= 100; /* "thirty-two hundred" */
            taken++;
        } else if (lookup_at(t, at, &s) && s.shape == HUNDREDS) {
            part += s.value;
            taken++;
        } else if (lookup_at(t, at, &s) && s.shape >= THOUSAND && total == 0) {
            int64_t unit = s.shape == MILLION ? 1000000 : 1000;
            total = (part == 0 ? (s.shape == THOUSANDS ? 2 : 1) : part) * unit;
            part = 0;
            taken++;
        } else {
            break;
        }
        if (taken > 12)
            break;
    }
    *ret = total + part;
    return taken;
}

size_t kol_number_prefix(const struct kol_word *w)
{
    if (w->script != KOL_SCRIPT_HEBREW || !kol_is_stem(w, any_number))
        return 0;
    for (size_t s = 0; s < w->stem_count; s++)
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
            struct kol_word bare = {.norm = w->stems[s].text};
            if (kol_is(&bare, numbers[i].words))
                return (size_t)(w->stems[s].text - w->norm);
        }
    return 0;
}
