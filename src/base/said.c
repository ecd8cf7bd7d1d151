/*
 * said.c - see said.h.
 */
#include "base/said.h"
#include "base/str.h"
#include <ctype.h>
#include <string.h>

/* ---- characters ---- */

static uint32_t decode(const char *s, size_t n)
{
    const uint8_t *b = (const uint8_t *)s;

    switch (n) {
    case 1:
        return b[0];
    case 2:
        return (uint32_t)(b[0] & 0x1f) << 6 | (b[1] & 0x3f);
    case 3:
        return (uint32_t)(b[0] & 0x0f) << 12 | (uint32_t)(b[1] & 0x3f) << 6 | (b[2] & 0x3f);
    }
    return (uint32_t)(b[0] & 0x07) << 18 | (uint32_t)(b[1] & 0x3f) << 12 |
           (uint32_t)(b[2] & 0x3f) << 6 | (b[3] & 0x3f);
}

/* The value of a decimal digit of the scripts a speech engine or a keyboard may use; -1: none. */
static int digit_of(uint32_t c)
{
    static const uint32_t zeros[] = {'0', 0x660, 0x6f0, 0x966, 0xff10};

    for (size_t i = 0; i < sizeof zeros / sizeof *zeros; i++)
        if (c >= zeros[i] && c <= zeros[i] + 9)
            return (int)(c - zeros[i]);
    return -1;
}

static bool is_mark(uint32_t c) /* niqqud and cantillation: part of a word that does not count */
{
    return c >= 0x591 && c <= 0x5c7 && c != 0x5be && c != 0x5c0 && c != 0x5c3 && c != 0x5c6;
}

/* Written but not seen: between two digits they would be a way to hide a number from us. */
static bool is_invisible(uint32_t c)
{
    return c == 0xad || (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x2069) || c == 0xfeff;
}

static enum kol_said_kind kind_of(uint32_t c)
{
    if (digit_of(c) >= 0)
        return KOL_SAID_DIGITS;
    if (c >= 0x5d0 && c <= 0x5ea)
        return KOL_SAID_HEBREW;
    return KOL_SAID_LATIN;
}

static bool is_letter(uint32_t c)
{
    if (c < 0x80)
        return isalnum((int)c);
    if (digit_of(c) >= 0 || (c >= 0x5d0 && c <= 0x5ea))
        return true;
    return c >= 0xc0 && !(c >= 0x590 && c <= 0x5ff) && !(c >= 0x2000 && c <= 0x2bff) &&
           !(c >= 0x3000 && c <= 0x303f) && !is_invisible(c) && c != 0xfffd;
}

static bool is_quote(uint32_t c) /* apostrophe, geresh, gershayim and their curly forms */
{
    return c == '\'' || c == '"' || c == 0x5f3 || c == 0x5f4 || (c >= 0x2018 && c <= 0x201f);
}

static const char *make_valid(struct kol_arena *a, const char *text)
{
    const size_t len = strlen(text);

    if (kol_utf8_valid(text, len))
        return text;
    char *out = kol_arena_alloc(a, len * 3 + 1), *to = out;
    for (size_t i = 0; out && i < len;) {
        size_t n = kol_utf8_step(text + i, len - i);
        memcpy(to, n ? text + i : "\xef\xbf\xbd", n ? n : 3);
        to += n ? n : 3;
        i += n ? n : 1;
    }
    return out;
}

/* ---- number words ---- */

static const struct {
    const char *words;
    int16_t value;
    uint8_t shape;
} numbers[] = {
    {"zero|oh|o|ow|nought|naught|אפס", 0, KOL_SHAPE_UNIT},
    {"one|אחת|אחד", 1, KOL_SHAPE_UNIT},
    {"two|שתיים|שניים|שתים|שנים|שתי|שני", 2, KOL_SHAPE_UNIT},
    {"three|שלוש|שלושה|שלושת", 3, KOL_SHAPE_UNIT},
    {"four|ארבע|ארבעה|ארבעת", 4, KOL_SHAPE_UNIT},
    {"five|חמש|חמישה|חמשה|חמשת", 5, KOL_SHAPE_UNIT},
    {"six|שש|שישה|ששה|ששת", 6, KOL_SHAPE_UNIT},
    {"seven|שבע|שבעה|שבעת", 7, KOL_SHAPE_UNIT},
    {"eight|שמונה|שמונת", 8, KOL_SHAPE_UNIT},
    {"nine|niner|תשע|תשעה|תשעת", 9, KOL_SHAPE_UNIT},
    {"ten|עשר|עשרה|עשרת", 10, KOL_SHAPE_TEEN},
    {"eleven", 11, KOL_SHAPE_TEEN},
    {"twelve", 12, KOL_SHAPE_TEEN},
    {"thirteen", 13, KOL_SHAPE_TEEN},
    {"fourteen", 14, KOL_SHAPE_TEEN},
    {"fifteen", 15, KOL_SHAPE_TEEN},
    {"sixteen", 16, KOL_SHAPE_TEEN},
    {"seventeen", 17, KOL_SHAPE_TEEN},
    {"eighteen", 18, KOL_SHAPE_TEEN},
    {"nineteen", 19, KOL_SHAPE_TEEN},
    {"twenty|עשרים", 20, KOL_SHAPE_TEN},
    {"thirty|שלושים", 30, KOL_SHAPE_TEN},
    {"forty|fourty|ארבעים", 40, KOL_SHAPE_TEN},
    {"fifty|חמישים|חמשים", 50, KOL_SHAPE_TEN},
    {"sixty|שישים|ששים", 60, KOL_SHAPE_TEN},
    {"seventy|שבעים", 70, KOL_SHAPE_TEN},
    {"eighty|שמונים", 80, KOL_SHAPE_TEN},
    {"ninety|תשעים", 90, KOL_SHAPE_TEN},
    {"hundred|מאה|מאות", 100, KOL_SHAPE_HUNDRED},
    {"מאתיים", 200, KOL_SHAPE_HUNDREDS},
    {"thousand|אלף", 1000, KOL_SHAPE_THOUSAND},
    {"אלפים|אלפיים", 2000, KOL_SHAPE_THOUSANDS}, /* "שלושת אלפים" is 3000, alone it is 2000 */
};

static bool in_list(const char *word, const char *list)
{
    const size_t len = strlen(word);

    for (const char *p = list; *p && len;) {
        size_t n = strcspn(p, "|");
        if (n == len && memcmp(p, word, len) == 0)
            return true;
        p += n + (p[n] != 0);
    }
    return false;
}

bool kol_said_is(const struct kol_said_word *w, const char *list)
{
    return in_list(w->norm, list);
}

static bool look_up(const char *text, struct kol_said_word *w)
{
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (in_list(text, numbers[i].words)) {
            w->value = numbers[i].value;
            w->shape = numbers[i].shape;
            return true;
        }
    return false;
}

/* Also with ו ("and") or another prefix letter before it: "ותשע", "בשמונה". */
static void find_number(struct kol_said_word *w)
{
    static const char *const prefixes[] = {"ו", "ב", "ל", "מ", "ה", "ש", "כ"};

    if (w->kind == KOL_SAID_OTHER || w->kind == KOL_SAID_DIGITS || look_up(w->norm, w))
        return;
    for (size_t i = 0; w->kind == KOL_SAID_HEBREW && i < sizeof prefixes / sizeof *prefixes; i++)
        if (kol_starts_with(w->norm, prefixes[i]) && look_up(w->norm + 2, w)) {
            w->prefix = 2;
            w->joined = i == 0;
            return;
        }
}

/* ---- words ---- */

struct reader {
    struct kol_arena *a;
    struct kol_said_talk *talk;
    size_t cap;
};

static struct kol_said_word *next_word(struct reader *r)
{
    struct kol_said_talk *t = r->talk;

    if (t->count == r->cap) {
        const size_t bigger = r->cap ? r->cap * 2 : 64;
        struct kol_said_word *words = kol_arena_array(r->a, bigger, sizeof *words);
        if (!words)
            return NULL;
        if (t->count)
            memcpy(words, t->words, t->count * sizeof *words);
        t->words = words;
        r->cap = bigger;
    }
    return &t->words[t->count++];
}

struct character {
    uint32_t c;
    size_t n; /* bytes; 0 at the end */
};

static struct character char_at(const char *p, const char *end)
{
    const size_t n = p < end ? kol_utf8_step(p, (size_t)(end - p)) : 0;

    return (struct character){n ? decode(p, n) : 0, n};
}

/* Whether a mark at p only connects: ת"ז, it's, 4580.1234, 1,200, and what cannot be seen. */
static size_t connects(const char *p, const char *end, enum kol_said_kind kind, uint32_t before)
{
    size_t n = 0;
    struct character x = char_at(p, end);

    while (x.n && (is_mark(x.c) || is_invisible(x.c))) {
        n += x.n;
        x = char_at(p + n, end);
    }
    if (n > 0)
        return n;
    const struct character after = char_at(p + x.n, end);
    const bool digits = kind == KOL_SAID_DIGITS && digit_of(before) >= 0 && digit_of(after.c) >= 0;
    if (digits && (x.c == '.' || x.c == ','))
        return x.n;
    if (kind == KOL_SAID_DIGITS || !is_quote(x.c) || !is_letter(after.c) || digit_of(after.c) >= 0)
        return 0;
    return x.n;
}

static void put(char *norm, size_t *len, uint32_t c, const char *bytes, size_t n)
{
    if (*len + n >= KOL_SAID_NORM_SIZE) {
        *len = KOL_SAID_NORM_SIZE; /* too long: it stays so, and counts as nothing */
        return;
    }
    if (digit_of(c) >= 0)
        norm[(*len)++] = (char)('0' + digit_of(c));
    else if (is_quote(c))
        norm[(*len)++] = c == '\'' || c == 0x5f3 || c == 0x2018 || c == 0x2019 ? '\'' : '"';
    else if (c < 0x80)
        norm[(*len)++] = (char)tolower((int)c);
    else {
        memcpy(norm + *len, bytes, n);
        *len += n;
    }
}

/* Reads the word at p; Hebrew letters and digits that touch are two words ("ב1998"). */
static const char *read_word(const char *p, const char *end, struct kol_said_word *w)
{
    struct character x = char_at(p, end);
    uint32_t before = x.c;
    size_t len = 0;

    w->kind = (uint8_t)kind_of(x.c);
    while (x.n) {
        if (is_letter(x.c)) {
            const enum kol_said_kind kind = kind_of(x.c);
            if ((kind == KOL_SAID_HEBREW) != (w->kind == KOL_SAID_HEBREW))
                break;
            if (kind != w->kind)
                w->kind = KOL_SAID_OTHER; /* "3rd" */
            put(w->norm, &len, x.c, p, x.n);
            p += x.n;
        } else {
            const size_t n = connects(p, end, w->kind, before);
            if (n == 0)
                break;
            if (!is_mark(x.c) && !is_invisible(x.c))
                put(w->norm, &len, x.c, p, n);
            p += n;
        }
        before = x.c;
        x = char_at(p, end);
    }
    w->norm[len < KOL_SAID_NORM_SIZE ? len : 0] = '\0';
    return p;
}

static uint8_t gap_of(const char *from, const char *to)
{
    uint8_t gap = KOL_SAID_GAP_SPACE;

    for (; from < to; from++)
        if (strchr(".!?;:,\n", *from))
            gap = KOL_SAID_GAP_STOP;
        else if (*from == '-' && gap < KOL_SAID_GAP_HYPHEN)
            gap = KOL_SAID_GAP_HYPHEN;
    return gap;
}

static bool read_line(struct reader *r, uint32_t turn, const char *text)
{
    const char *end = text + strlen(text), *last = NULL;

    for (const char *p = text; p < end;) {
        const struct character x = char_at(p, end);
        if (!is_letter(x.c)) {
            p += x.n ? x.n : 1;
            continue;
        }
        struct kol_said_word *w = next_word(r);
        if (!w)
            return false;
        *w = (struct kol_said_word){.at = p, .turn = turn};
        w->gap = last ? gap_of(last, p) : KOL_SAID_GAP_TURN;
        p = last = read_word(p, end, w);
        w->len = (uint32_t)(p - w->at);
        find_number(w);
    }
    return true;
}

/* ---- phrases ---- */

static const struct {
    uint8_t says;
    const char *list;
} phrases[] = {
    {KOL_SAYS_CARD, "card|credit|visa|mastercard|amex|american express|כרטיס|הכרטיס|בכרטיס|"
                    "לכרטיס|אשראי|האשראי|באשראי|ויזה|הויזה|מאסטרקארד|ישראכרט|אמריקן אקספרס"},
    {KOL_SAYS_CODE,
     "cvv|cvc|c v v|c v c|security code|digits on the back|on the back|three digits|שלוש ספרות|"
     "בגב הכרטיס|קוד אבטחה|סי וי וי|סיוויוי|שלוש הספרות|מאחורי הכרטיס|ספרות מאחור|בגב|מאחורה|"
     "שלושת הספרות|קוד האבטחה|3 ספרות|3 digits"},
    {KOL_SAYS_ID,
     "תעודת זהות|ת\"ז|תז|מספר זהות|תעודת הזהות|הת\"ז|זהות|הזהות|id number|identity number|"
     "teudat zehut|my id|i d number|id"},
};

/* Whether the words from i on are the phrase [item, item + len). */
static bool phrase_at(const struct kol_said_talk *t, size_t i, const char *item, size_t len)
{
    for (const char *end = item + len; item < end; i++) {
        const size_t n = strcspn(item, " |");
        if (i >= t->count || strlen(t->words[i].norm) != n ||
            memcmp(t->words[i].norm, item, n) != 0)
            return false;
        item += n + (item[n] == ' ');
    }
    return true;
}

static void find_phrases(struct kol_said_talk *t, size_t i)
{
    for (size_t k = 0; k < sizeof phrases / sizeof *phrases; k++)
        for (const char *p = phrases[k].list; *p;) {
            const size_t n = strcspn(p, "|");
            if (phrase_at(t, i, p, n))
                t->words[i].says |= phrases[k].says;
            p += n + (p[n] != 0);
        }
}

bool kol_said_build(struct kol_arena *a, const struct kol_redact_turn *turns, size_t count,
                    struct kol_said_talk *ret)
{
    struct reader r = {.a = a, .talk = ret};

    *ret = (struct kol_said_talk){.clean = kol_arena_array(a, count + 1, sizeof *ret->clean)};
    for (size_t i = 0; ret->clean && i < count; i++) {
        ret->clean[i] = make_valid(a, turns[i].text ? turns[i].text : "");
        if (!ret->clean[i] || !read_line(&r, (uint32_t)i, ret->clean[i]))
            return false;
    }
    for (size_t i = 0; i < ret->count; i++)
        find_phrases(ret, i);
    return ret->clean != NULL;
}

/* ---- digits ---- */

struct place {
    const struct kol_said_talk *t;
    const uint32_t *seq;
    size_t count;
};

/* The word at place k when it is a number word that goes on with the one before; else NULL. */
static const struct kol_said_word *spoken(const struct place *p, size_t k, bool first)
{
    const struct kol_said_word *w = k < p->count ? &p->t->words[p->seq[k]] : NULL;

    if (!w || w->label || w->shape == KOL_SHAPE_NONE || (!first && w->gap > KOL_SAID_GAP_HYPHEN))
        return NULL;
    return w;
}

/* "twenty nine", "עשרים ותשע", "שלוש עשרה": words taken. */
static size_t below_hundred(const struct place *p, size_t k, bool start, int *ret)
{
    const struct kol_said_word *first = spoken(p, k, start), *second = spoken(p, k + 1, false);

    if (!first || first->shape > KOL_SHAPE_TEN)
        return 0;
    const bool hebrew = first->kind == KOL_SAID_HEBREW;
    *ret = first->value;
    if (!second)
        return 1;
    if (first->shape == KOL_SHAPE_TEN && second->shape == KOL_SHAPE_UNIT && second->value > 0 &&
        (!hebrew || second->joined)) {
        *ret += second->value;
        return 2;
    }
    if (hebrew && first->shape == KOL_SHAPE_UNIT && first->value > 0 && second->value == 10 &&
        second->shape == KOL_SHAPE_TEEN && !second->joined) {
        *ret = 10 + first->value;
        return 2;
    }
    return 1;
}

/* "three hundred", "מאה", "ארבעת אלפים": so many of a unit. Words taken. */
static size_t multiple(const struct place *p, size_t k, bool start, uint8_t one, uint8_t several,
                       int unit, int *ret)
{
    const struct kol_said_word *first = spoken(p, k, start), *second = spoken(p, k + 1, false);

    if (first && second && first->shape == KOL_SHAPE_UNIT && first->value > 0 &&
        (second->shape == one || second->shape == several)) {
        *ret = first->value * unit;
        return 2;
    }
    if (!first || (first->shape != one && first->shape != several))
        return 0;
    *ret = first->value;
    return 1;
}

/*
 * What follows hundreds or thousands: "and fifteen", "עשרים ושלוש". English without "and" and
 * Hebrew units without ו are the next number of a dictation.
 */
static size_t tail(const struct place *p, size_t k, int *ret)
{
    const struct kol_said_word *w = k < p->count ? &p->t->words[p->seq[k]] : NULL;
    int rest = 0;

    if (!w || w->gap > KOL_SAID_GAP_HYPHEN)
        return 0;
    const bool and_word = kol_said_is(w, "and");
    const size_t n = below_hundred(p, k + and_word, false, &rest);
    if (n == 0 || (!and_word && (w->kind != KOL_SAID_HEBREW || (!w->joined && rest < 10))))
        return 0;
    *ret = rest;
    return n + and_word;
}

static size_t spoken_number(const struct place *p, size_t k, char *ret)
{
    int thousands = 0, hundreds = 0, rest = 0;
    size_t n = multiple(p, k, true, KOL_SHAPE_THOUSAND, KOL_SHAPE_THOUSANDS, 1000, &thousands);

    n += multiple(p, k + n, n == 0, KOL_SHAPE_HUNDRED, KOL_SHAPE_HUNDREDS, 100, &hundreds);
    n += n > 0 ? tail(p, k + n, &rest) : below_hundred(p, k, true, &rest);
    if (n > 0)
        snprintf(ret, KOL_SAID_DIGITS_SIZE, "%d", thousands + hundreds + rest);
    return n;
}

/* "4580", "4580.1234", but no amount: "1,200", "12.5". */
static size_t written(const struct kol_said_word *w, char *ret)
{
    size_t len = 0, marks = 0;

    for (const char *p = w->norm; *p; p++)
        if (isdigit((unsigned char)*p))
            ret[len++] = *p;
        else
            marks++;
    ret[len] = '\0';
    return len > 0 && (marks == 0 || len >= 8);
}

size_t kol_said_digits(const struct kol_said_talk *t, const uint32_t *seq, size_t count, size_t k,
                       char ret[static KOL_SAID_DIGITS_SIZE])
{
    const struct kol_said_word *w = &t->words[seq[k]];
    const struct place p = {t, seq, count};
    const size_t times = kol_said_is(w, "double|פעמיים|כפול")         ? 2
                         : kol_said_is(w, "triple|treble|שלוש פעמים") ? 3
                                                                      : 0;
    char one[KOL_SAID_DIGITS_SIZE];

    ret[0] = '\0';
    if (w->label)
        return 0;
    if (w->kind == KOL_SAID_DIGITS)
        return written(w, ret);
    if (times == 0)
        return spoken_number(&p, k, ret);
    if (k + 1 >= count || kol_said_digits(t, seq, count, k + 1, one) != 1 || strlen(one) != 1)
        return 0;
    memset(ret, one[0], times);
    ret[times] = '\0';
    return 2;
}
