/*
 * stem_english.c - Porter's stemmer: "locksmiths" and "locksmith" have one stem.
 *
 * Source: M.F. Porter, An algorithm for suffix stripping, 1980; rules and step names are his.
 */
#include "base/text_search.h"

#include <string.h>

/* A word that is being stripped: its first len letters. stem: letters before the suffix in hand. */
struct stemmer {
    char *b;
    size_t len, stem;
};

static bool is_consonant(const struct stemmer *s, size_t i)
{
    switch (s->b[i]) {
    case 'a':
    case 'e':
    case 'i':
    case 'o':
    case 'u':
        return false;
    case 'y':
        return i == 0 || !is_consonant(s, i - 1);
    default:
        return true;
    }
}

/* Porter's m: how many times vowels are followed by consonants in the stem. */
static size_t measure(const struct stemmer *s)
{
    size_t m = 0;

    for (size_t i = 1; i < s->stem; i++)
        m += is_consonant(s, i) && !is_consonant(s, i - 1);
    return m;
}

static bool has_vowel(const struct stemmer *s)
{
    for (size_t i = 0; i < s->stem; i++)
        if (!is_consonant(s, i))
            return true;
    return false;
}

static bool ends_double(const struct stemmer *s)
{
    return s->len >= 2 && s->b[s->len - 1] == s->b[s->len - 2] && is_consonant(s, s->len - 1);
}

/* Consonant, vowel, consonant at the end of the stem, the last not w, x or y: "hop", not "snow". */
static bool ends_short(const struct stemmer *s, size_t len)
{
    if (len < 3 || !is_consonant(s, len - 1) || is_consonant(s, len - 2) ||
        !is_consonant(s, len - 3))
        return false;
    return !strchr("wxy", s->b[len - 1]);
}

static bool ends(struct stemmer *s, const char *suffix)
{
    const size_t n = strlen(suffix);

    if (n > s->len || memcmp(s->b + s->len - n, suffix, n) != 0)
        return false;
    s->stem = s->len - n;
    return true;
}

/* Puts text behind the stem. No rule makes a word longer than it was. */
static void set_end(struct stemmer *s, const char *text)
{
    const size_t n = strlen(text);

    memcpy(s->b + s->stem, text, n);
    s->len = s->stem + n;
}

struct rule {
    const char *suffix, *to;
};

/* The first suffix that fits decides, whether or not its stem is long enough. */
static void replace_when(struct stemmer *s, const struct rule *rules, size_t count, size_t above)
{
    for (size_t i = 0; i < count; i++)
        if (ends(s, rules[i].suffix)) {
            if (measure(s) > above)
                set_end(s, rules[i].to);
            return;
        }
}
#define REPLACE_WHEN(s, rules, above)                                                              \
    replace_when(s, rules, sizeof(rules) / sizeof(*(rules)), above)

/* Plurals: caresses, ponies, cats. */
static void step_1a(struct stemmer *s)
{
    if (ends(s, "sses") || ends(s, "ies"))
        s->len -= 2;
    else if (!ends(s, "ss") && ends(s, "s"))
        s->len--;
}

/* After -ed and -ing: "hopping" -> "hop", "filing" -> "file". */
static void repair(struct stemmer *s)
{
    s->stem = s->len;
    if (ends(s, "at") || ends(s, "bl") || ends(s, "iz")) {
        s->stem = s->len;
        set_end(s, "e");
    } else if (ends_double(s) && !strchr("lsz", s->b[s->len - 1])) {
        s->len--;
    } else {
        s->stem = s->len;
        if (measure(s) == 1 && ends_short(s, s->len))
            set_end(s, "e");
    }
}

static void step_1b(struct stemmer *s)
{
    if (ends(s, "eed")) {
        if (measure(s) > 0)
            s->len--;
    } else if ((ends(s, "ed") && has_vowel(s)) || (ends(s, "ing") && has_vowel(s))) {
        s->len = s->stem;
        repair(s);
    }
}

static void step_1c(struct stemmer *s)
{
    if (ends(s, "y") && has_vowel(s))
        s->b[s->len - 1] = 'i';
}

static void step_2(struct stemmer *s)
{
    static const struct rule rules[] = {
        {"ational", "ate"}, {"tional", "tion"}, {"enci", "ence"},   {"anci", "ance"},
        {"izer", "ize"},    {"bli", "ble"},     {"alli", "al"},     {"entli", "ent"},
        {"eli", "e"},       {"ousli", "ous"},   {"ization", "ize"}, {"ation", "ate"},
        {"ator", "ate"},    {"alism", "al"},    {"iveness", "ive"}, {"fulness", "ful"},
        {"ousness", "ous"}, {"aliti", "al"},    {"iviti", "ive"},   {"biliti", "ble"},
        {"logi", "log"},
    };

    REPLACE_WHEN(s, rules, 0);
}

static void step_3(struct stemmer *s)
{
    static const struct rule rules[] = {
        {"icate", "ic"}, {"ative", ""}, {"alize", "al"}, {"iciti", "ic"},
        {"ical", "ic"},  {"ful", ""},   {"ness", ""},
    };

    REPLACE_WHEN(s, rules, 0);
}

static void step_4(struct stemmer *s)
{
    static const struct rule rules[] = {
        {"al", ""},   {"ance", ""}, {"ence", ""},  {"er", ""},   {"ic", ""},  {"able", ""},
        {"ible", ""}, {"ant", ""},  {"ement", ""}, {"ment", ""}, {"ent", ""}, {"ou", ""},
        {"ism", ""},  {"ate", ""},  {"iti", ""},   {"ous", ""},  {"ive", ""}, {"ize", ""},
    };

    if (ends(s, "ion")) {
        if (s->stem > 0 && strchr("st", s->b[s->stem - 1]) && measure(s) > 1)
            s->len = s->stem;
        return;
    }
    REPLACE_WHEN(s, rules, 1);
}

static void step_5(struct stemmer *s)
{
    if (ends(s, "e")) {
        const size_t m = measure(s);

        if (m > 1 || (m == 1 && !ends_short(s, s->stem)))
            s->len--;
    }
    s->stem = s->len;
    if (s->b[s->len - 1] == 'l' && ends_double(s) && measure(s) > 1)
        s->len--;
}

void kol_stem_english(char *word)
{
    struct stemmer s = {.b = word, .len = strlen(word)};

    if (s.len < 3)
        return;
    step_1a(&s);
    step_1b(&s);
    step_1c(&s);
    step_2(&s);
    step_3(&s);
    step_4(&s);
    step_5(&s);
    word[s.len] = '\0';
}
